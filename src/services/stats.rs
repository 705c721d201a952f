//! Numbers about all records: how many there are of each kind, by status, language, owner and month.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text};
use serde::Serialize;

use super::tables;
use crate::connection::Engine;
use crate::error::Result;
use crate::session::Session;

/// A number, and what it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Share {
    /// What the records have in common, such as a language; `None` where it is not known.
    pub name: Option<String>,
    /// The number of records.
    pub count: u64,
}

/// A question, and the numbers that answer it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// The question: `records`, `status`, `language`, `owner`, or `users by month` and the like.
    pub section: String,
    /// The numbers: of months in their order, of all others the greatest first.
    pub shares: Vec<Share>,
}

/// The number of records of each kind; of repositories by status, language and owner, `most` of each; of users,
/// repositories, résumés and notes by the month in which they were recorded, the last `most` months with any.
///
/// One SELECT for each kind, and one for each section.
///
/// ```
/// use folio::services::{repositories, stats, users};
/// # use folio::{Database, Result, migrations::Migrate as _};
/// # let db = Database::open("sqlite::memory:")?;
/// # db.migrate()?;
/// let sections = db.begin(|session| -> Result<_> {
///     let owner = users::add(session, users::Account::new("octocat")?)?;
///     repositories::add(session, repositories::Project::new(owner.user_id, "hello-world")?)?;
///     stats::sections(session, 10)
/// })?;
/// let owners = sections.iter().find(|section| section.section == "owner").map(|section| &section.shares[0]);
/// assert_eq!(owners, Some(&stats::Share { name: Some("octocat".to_owned()), count: 1 }));
/// # Ok::<(), folio::Error>(())
/// ```
///
/// # Errors
///
/// Any error of the reads.
pub fn sections(session: &mut Session<'_>, most: u32) -> Result<Vec<Section>> {
    let counts = tables::counts(session)?;
    let records = counts.records().map(|count| Share { name: Some(count.many.to_owned()), count: count.rows });
    let mut sections = vec![Section { section: "records".to_owned(), shares: records.collect() }];
    let repositories = [
        ("status", "CASE WHEN status = 'Public' THEN 'public' ELSE 'private' END", ""),
        ("language", "language", ""),
        ("owner", "username", "JOIN users ON users.user_id = repositories.user_id"),
    ];
    for (section, name, join) in repositories {
        let sql = format!(
            "SELECT {name} AS name, count(*) AS number FROM repositories {join} \
             GROUP BY {name} ORDER BY number DESC, name LIMIT {most}"
        );
        sections.push(Section { section: section.to_owned(), shares: shares(session, &sql)? });
    }
    let month = match session.engine() {
        Engine::Postgres => "to_char(created_at, 'YYYY-MM')",
        Engine::Mysql => "date_format(created_at, '%Y-%m')",
        _ => "substr(created_at, 1, 7)",
    };
    for count in counts.records() {
        let sql = format!(
            "SELECT {month} AS name, count(*) AS number FROM {} GROUP BY {month} ORDER BY name DESC LIMIT {most}",
            count.table
        );
        let mut shares = shares(session, &sql)?;
        shares.reverse();
        sections.push(Section { section: format!("{} by month", count.many), shares });
    }
    Ok(sections)
}

fn shares(session: &mut Session<'_>, sql: &str) -> Result<Vec<Share>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Text>)]
        name: Option<String>,
        #[diesel(sql_type = BigInt)]
        number: i64,
    }

    let rows: Vec<Row> = session.rows(diesel::sql_query(sql))?;
    let share = |Row { name, number }| Share { name, count: u64::try_from(number).unwrap_or(0) };
    Ok(rows.into_iter().map(share).collect())
}
