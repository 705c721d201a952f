//! Measures the cost of planning a flush of tables with many references: 10 layers of 5 tables, each referencing all
//! five above it, compared with the upper 5 layers, and with ten times as many rows in each.
//!
//! `cargo bench -p diesel-session --bench planning` prints the CPU time of each plan and two ratios. The first is about 2
//! if the time grows with the number of tables: there are nearly ten million paths through the foreign keys, and three
//! thousand in the upper half. The second is at most 10 if it grows with the number of rows.

use cpu_time::ThreadTime;
use diesel::connection::Connection as _;
use diesel::prelude::*;
use diesel_session::Session;
use diesel_session::session::Entity;

const ROUNDS: u32 = 20;
/// The new rows of each table.
const ROWS: usize = 10;

/// A table with a column for each table that it references, its entity, and a function that adds a row.
macro_rules! table {
    ($table:ident $entity:ident $new:ident: $($parent:ident)*) => {
        diesel::table! { $table (id) { id -> BigInt, $($parent -> Nullable<BigInt>,)* } }

        #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
        #[diesel(table_name = $table)]
        pub struct $entity {
            #[entity(key)]
            pub id: i64,
            $(
                #[entity(references = $parent::id)]
                pub $parent: Option<i64>,
            )*
        }

        impl Add for $entity {
            fn add(session: &mut Session<'_, SqliteConnection>) -> diesel_session::Result<()> {
                session.add($new::new()?);
                Ok(())
            }
        }
    };
}

trait Add {
    fn add(session: &mut Session<'_, SqliteConnection>) -> diesel_session::Result<()>;
}

/// Five tables, each referencing the same ones above.
macro_rules! layer {
    ($($table:ident $entity:ident $new:ident)*: $above:tt) => {
        $(layer! { @ $table $entity $new $above })*
    };
    (@ $table:ident $entity:ident $new:ident [$($parent:ident)*]) => {
        table! { $table $entity $new: $($parent)* }
    };
}

layer! { a0 A0 NewA0 a1 A1 NewA1 a2 A2 NewA2 a3 A3 NewA3 a4 A4 NewA4: [] }
layer! { b0 B0 NewB0 b1 B1 NewB1 b2 B2 NewB2 b3 B3 NewB3 b4 B4 NewB4: [a0 a1 a2 a3 a4] }
layer! { c0 C0 NewC0 c1 C1 NewC1 c2 C2 NewC2 c3 C3 NewC3 c4 C4 NewC4: [b0 b1 b2 b3 b4] }
layer! { d0 D0 NewD0 d1 D1 NewD1 d2 D2 NewD2 d3 D3 NewD3 d4 D4 NewD4: [c0 c1 c2 c3 c4] }
layer! { e0 E0 NewE0 e1 E1 NewE1 e2 E2 NewE2 e3 E3 NewE3 e4 E4 NewE4: [d0 d1 d2 d3 d4] }
layer! { f0 F0 NewF0 f1 F1 NewF1 f2 F2 NewF2 f3 F3 NewF3 f4 F4 NewF4: [e0 e1 e2 e3 e4] }
layer! { g0 G0 NewG0 g1 G1 NewG1 g2 G2 NewG2 g3 G3 NewG3 g4 G4 NewG4: [f0 f1 f2 f3 f4] }
layer! { h0 H0 NewH0 h1 H1 NewH1 h2 H2 NewH2 h3 H3 NewH3 h4 H4 NewH4: [g0 g1 g2 g3 g4] }
layer! { i0 I0 NewI0 i1 I1 NewI1 i2 I2 NewI2 i3 I3 NewI3 i4 I4 NewI4: [h0 h1 h2 h3 h4] }
layer! { j0 J0 NewJ0 j1 J1 NewJ1 j2 J2 NewJ2 j3 J3 NewJ3 j4 J4 NewJ4: [i0 i1 i2 i3 i4] }

type AddRow = fn(&mut Session<'_, SqliteConnection>) -> diesel_session::Result<()>;

const LAYERS: [AddRow; 50] = [
    A0::add,
    A1::add,
    A2::add,
    A3::add,
    A4::add,
    B0::add,
    B1::add,
    B2::add,
    B3::add,
    B4::add,
    C0::add,
    C1::add,
    C2::add,
    C3::add,
    C4::add,
    D0::add,
    D1::add,
    D2::add,
    D3::add,
    D4::add,
    E0::add,
    E1::add,
    E2::add,
    E3::add,
    E4::add,
    F0::add,
    F1::add,
    F2::add,
    F3::add,
    F4::add,
    G0::add,
    G1::add,
    G2::add,
    G3::add,
    G4::add,
    H0::add,
    H1::add,
    H2::add,
    H3::add,
    H4::add,
    I0::add,
    I1::add,
    I2::add,
    I3::add,
    I4::add,
    J0::add,
    J1::add,
    J2::add,
    J3::add,
    J4::add,
];

/// The best time to plan this number of new rows in each of these tables.
fn plan(tables: &[AddRow], rows: usize) -> diesel_session::Result<std::time::Duration> {
    let mut connection = SqliteConnection::establish(":memory:").expect("memory");
    let mut session = Session::on(&mut connection);
    for _ in 0..rows {
        tables.iter().try_for_each(|add| add(&mut session))?;
    }
    let mut best = std::time::Duration::MAX;
    for _ in 0..ROUNDS {
        let started = ThreadTime::now();
        let plan = session.plan()?;
        best = best.min(started.elapsed());
        assert_eq!(plan.steps().len(), tables.len());
    }
    Ok(best)
}

fn main() -> diesel_session::Result<()> {
    let (half, all, more) = (plan(&LAYERS[..25], ROWS)?, plan(&LAYERS, ROWS)?, plan(&LAYERS, 10 * ROWS)?);
    println!("5 layers of 5 tables: {:.1} µs", half.as_secs_f64() * 1e6);
    println!("10 layers of 5 tables: {:.1} µs", all.as_secs_f64() * 1e6);
    println!("10 layers of 5 tables, 10 times the rows: {:.1} µs", more.as_secs_f64() * 1e6);
    println!("ratio of twice the tables: {:.2}", all.as_secs_f64() / half.as_secs_f64());
    println!("ratio of 10 times the rows: {:.2}", more.as_secs_f64() / all.as_secs_f64());
    Ok(())
}
