//! Inserting, changing, reading and deleting rows of 60 columns; the module that takes this in bears the engine's name.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_session::connection::{Access, EchoOptions, Engine, SessionConnection as _};
use diesel_session::database::Options;
use diesel_session::{Database, Entity, Handle, Result, Session};

use crate::fixture::dialect;
use diesel_session_conformance::Recorder;
use folio_testing::{address, engine};

macro_rules! wide {
    ($($number:ident)+; $($text:ident)+) => {
        diesel::table! {
            wides (id) { id -> BigInt, $($number -> BigInt,)+ $($text -> Nullable<Text>,)+ }
        }

        #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
        #[diesel(table_name = wides)]
        pub struct Wide {
            #[entity(key)]
            id: i64,
            $($number: i64,)+
            $($text: Option<String>,)+
        }

        const NUMBERS: &[&str] = &[$(stringify!($number)),+];
        const TEXTS: &[&str] = &[$(stringify!($text)),+];

        /// A row whose every column holds something of its own.
        fn new(seed: i64) -> NewWide {
            let mut next = seed * 1_000;
            let mut count = || {
                next += 1;
                next
            };
            NewWide { id: None, $($number: count(),)+ $($text: Some(format!("text {}", count())),)+ }
        }

        /// Changes every column.
        fn change(row: &mut Wide) {
            $(row.$number += 1;)+
            $(row.$text = None;)+
        }
    };
}

wide! {
    n01 n02 n03 n04 n05 n06 n07 n08 n09 n10 n11 n12 n13 n14 n15 n16 n17 n18 n19 n20
    n21 n22 n23 n24 n25 n26 n27 n28 n29 n30 n31 n32 n33 n34 n35 n36 n37 n38 n39 n40;
    t41 t42 t43 t44 t45 t46 t47 t48 t49 t50 t51 t52 t53 t54 t55 t56 t57 t58 t59
}

/// More than two full statements, and a rest.
const ROWS: i64 = 250;

fn database() -> (Option<tempfile::TempDir>, Database) {
    let on = engine(module_path!());
    let engine = dialect(on);
    Recorder::install(engine);
    let (url, folder) = address(on);
    let mut echo = EchoOptions::default();
    echo.longest = 1_000_000;
    let database = Database::open_with(&url, Options::default().access(Access::Create).echo(echo)).unwrap();
    let key = match engine {
        Engine::Sqlite => "INTEGER PRIMARY KEY AUTOINCREMENT",
        Engine::Postgres => "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        _ => "BIGINT AUTO_INCREMENT PRIMARY KEY",
    };
    let numbers = NUMBERS.iter().map(|name| format!(", {name} BIGINT NOT NULL"));
    let columns: String = numbers.chain(TEXTS.iter().map(|name| format!(", {name} TEXT"))).collect();
    database.connection().unwrap().batch_execute(&format!("CREATE TABLE wides (id {key}{columns})")).unwrap();
    (folder, database)
}

/// Rows with their keys, as they should be stored.
fn insert(session: &mut Session<'_>) -> Result<Vec<(Handle<Wide>, Wide)>> {
    let added: Vec<Handle<Wide>> = (0..ROWS).map(|seed| session.add(new(seed))).collect();
    session.flush()?;
    added.into_iter().map(|row| Ok((row, session.row(row)?.clone()))).collect()
}

fn stored(session: &mut Session<'_>) -> Result<Vec<Wide>> {
    session.rows(Wide::query().order(wides::id))
}

#[test]
fn many_rows_are_inserted_by_few_statements_and_every_value_is_in_its_own_column() -> Result<()> {
    let (_folder, database) = database();
    assert_eq!(NUMBERS.len() + TEXTS.len() + 1, 60);
    let recorder = Recorder::start();
    let rows = database.begin(insert)?;
    let sent = recorder.take();
    let inserts: Vec<&str> =
        sent.iter().map(|sent| sent.sql.as_str()).filter(|sql| sql.starts_with("INSERT")).collect();
    let binds: Vec<usize> = inserts.iter().map(|sql| sql.matches('?').count()).collect();
    match database.connection()?.engine() {
        Engine::Sqlite => assert_eq!(binds, [5_900, 5_900, 2_950]),
        Engine::Postgres => assert_eq!(binds, [59], "one array per column"),
        Engine::Mysql => assert_eq!(binds, [14_750]),
    }
    assert_eq!((rows[249].1.n01, rows[249].1.t59.as_deref()), (249_001, Some("text 249059")));
    let rows: Vec<Wide> = rows.into_iter().map(|(_, row)| row).collect();
    assert_eq!(database.read(stored)?, rows);
    Ok(())
}

#[test]
fn an_update_names_one_column_of_sixty_or_all_of_them() -> Result<()> {
    let (_folder, database) = database();
    let (one, all) = database.begin(|session| -> Result<_> {
        let rows = insert(session)?;
        let recorder = Recorder::start();
        for (row, _) in &rows {
            session.edit(*row)?.n30 = -1;
        }
        session.flush()?;
        let one = recorder.sql();
        for (row, _) in &rows {
            change(session.edit(*row)?);
        }
        session.flush()?;
        Ok((one, recorder.sql()))
    })?;
    let names = |sql: &String| {
        let columns = NUMBERS.iter().chain(TEXTS);
        columns.filter(|column| sql.contains(&format!("{column} = "))).copied().collect::<Vec<_>>()
    };
    assert!(one.iter().all(|sql| sql.starts_with("UPDATE wides ") && names(sql) == ["n30"]), "{}", one[0]);
    assert!(all.iter().all(|sql| names(sql).len() == 59), "{}", all[0]);
    // By arrays one statement does it, by binds it takes as many as full ones and a rest.
    assert!(one.len() == all.len() && [1, 3].contains(&one.len()), "{} and {}", one.len(), all.len());
    for (seed, row) in (0..).zip(database.read(stored)?) {
        assert_eq!((row.n01, row.n30, row.n40), (seed * 1_000 + 2, 0, seed * 1_000 + 41));
        assert_eq!((row.t41, row.t59), (None, None));
    }
    Ok(())
}

#[test]
fn rows_are_read_by_key_and_deleted_in_few_statements() -> Result<()> {
    let (_folder, database) = database();
    let rows = database.begin(insert)?;
    database.begin(|session| -> Result<()> {
        let loaded = session.query(Wide::query().order(wides::id)).all()?;
        session.expire_all();
        let recorder = Recorder::start();
        session.load(&loaded)?;
        assert_eq!(recorder.sql().len(), 3);
        for (loaded, (_, row)) in loaded.iter().zip(&rows) {
            assert_eq!(session.row(*loaded)?, row);
        }
        for row in &loaded[1..] {
            session.delete(*row)?;
        }
        session.flush()?;
        assert_eq!(recorder.sql().len(), 3);
        Ok(())
    })?;
    assert_eq!(database.read(stored)?, [rows[0].1.clone()]);
    Ok(())
}
