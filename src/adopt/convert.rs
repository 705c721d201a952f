//! Walks the tables, converts their rows, and looks only or inserts them.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Binary};

use super::layout::Layout;
use super::tables::{self, Convert, Kept, Visit};
use super::values::{Fields, as_json};
use super::{Plan, Step, Tally, UnfitRow};
use crate::connection::{SequenceState, SessionConnection as _};
use crate::error::{Error, Result};
use crate::session::Session;

/// The number of rows in memory at a time.
const PAGE: usize = 100;

/// A conversion of all tables.
pub(super) struct Conversion<'a, 's> {
    session: &'a mut Session<'s>,
    layout: &'a Layout,
    /// What the old tables' names begin with.
    prefix: &'a str,
    progress: &'a mut dyn FnMut(Step),
    inserts: bool,
    /// The rows of all tables, and those that were read.
    total: u64,
    done: u64,
    kept: Kept,
    plan: Plan,
}

#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Binary)]
    row: Vec<u8>,
}

#[derive(QueryableByName)]
struct Extent {
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = BigInt)]
    last: i64,
}

impl<'a, 's> Conversion<'a, 's> {
    /// Of the tables whose names begin with `prefix`; `progress` is called after every page.
    pub(super) fn new(
        session: &'a mut Session<'s>,
        layout: &'a Layout,
        prefix: &'a str,
        progress: &'a mut dyn FnMut(Step),
    ) -> Self {
        let (kept, plan) = (Kept::new(), Plan::default());
        Self { session, layout, prefix, progress, inserts: false, total: 0, done: 0, kept, plan }
    }

    /// Finds what can be kept.
    pub(super) fn look(mut self) -> Result<Plan> {
        self.walk()?;
        Ok(self.plan)
    }

    /// Inserts what can be kept into Folio's tables, and counts it there.
    pub(super) fn insert(mut self) -> Result<Plan> {
        self.inserts = true;
        self.walk()?;
        Ok(self.plan)
    }

    fn walk(&mut self) -> Result<()> {
        for table in self.layout.tables() {
            self.total += u64::try_from(self.extent(table)?.rows).unwrap_or_default();
        }
        tables::each(self)
    }

    /// The next rows from this id on, in the order of their ids.
    fn page(&mut self, table: &str, columns: &[&str], from: i64) -> Result<Vec<Stored>> {
        let (prefix, row) = (self.prefix, as_json(columns));
        let sql = format!("SELECT id, {row} AS row FROM {prefix}{table} WHERE id >= ? ORDER BY id LIMIT {PAGE}");
        Ok(self.session.rows(diesel::sql_query(sql).bind::<BigInt, _>(from))?)
    }

    fn extent(&mut self, table: &str) -> Result<Extent> {
        let sql = format!("SELECT count(*) AS rows, coalesce(max(id), 0) AS last FROM {}{table}", self.prefix);
        let extents: Vec<Extent> = self.session.rows(diesel::sql_query(sql))?;
        Ok(extents.into_iter().next().unwrap_or(Extent { rows: 0, last: 0 }))
    }
}

impl Visit for Conversion<'_, '_> {
    fn visit<R: Convert>(&mut self) -> Result<()> {
        let table = R::MODEL.table;
        let mut tally = Tally { table, many: R::MANY, rows: 0, kept: 0 };
        if let Some(columns) = self.layout.columns(table) {
            let mut from = Some(i64::MIN);
            while let Some(first) = from {
                let page = self.page(table, columns, first)?;
                let is_full = page.len() == PAGE;
                from = page.last().filter(|_| is_full).and_then(|last| last.id.checked_add(1));
                let rows: Vec<R> = page.iter().filter_map(|stored| self.convert(stored)).collect();
                tally.rows += page.len() as u64;
                tally.kept += rows.len() as u64;
                if self.inserts {
                    self.session.insert_whole(&rows)?;
                }
                self.done += page.len() as u64;
                (self.progress)(Step { table, done: self.done, total: self.total });
            }
            if self.inserts {
                self.finish::<R>(tally)?;
            }
        }
        self.plan.tables.push(tally);
        Ok(())
    }
}

impl Conversion<'_, '_> {
    /// The row as Folio's, if it can be kept; otherwise it is noted why not.
    fn convert<R: Convert>(&mut self, Stored { id, row }: &Stored) -> Option<R> {
        let converted = Fields::parse(row).and_then(|fields| R::convert(*id, &fields, &mut self.kept));
        let unfit = |problem| UnfitRow::new(R::MODEL.table, *id, problem, row);
        converted.map_err(|problem| self.plan.unfit.push(unfit(problem))).ok()
    }

    /// Compares the numbers of rows, and keeps the ids of rows that are left out from coming back.
    fn finish<R: Convert>(&mut self, Tally { table, rows, kept, .. }: Tally) -> Result<()> {
        let Extent { rows: stored, last } = self.extent(table)?;
        let inserted = R::count(self.session)?;
        let problem = if u64::try_from(stored) != Ok(rows) {
            format!("{rows} rows read, of {stored}")
        } else if inserted != kept {
            format!("{inserted} rows instead of {kept}")
        } else {
            let used = SequenceState { given: last, held: 0 };
            return Ok(self.session.connection()?.advance_sequence(table, "id", used)?);
        };
        Err(Error::CopyDiffers { table, problem })
    }
}
