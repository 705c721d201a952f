//! Upserts and `RETURNING` on SQLite, which Diesel has for `SqliteConnection` only.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_session::prelude::*;
use diesel_session_conformance::Recorder;

diesel::table! {
    tags (name) { name -> Text, uses -> BigInt }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = tags)]
pub struct Tag {
    #[entity(key, given)]
    name: String,
    uses: i64,
}

#[test]
fn an_upsert_runs_as_a_statement_of_the_session_and_returns_rows() -> Result<()> {
    let options = Options::default().echo(EchoOptions::default());
    let db = Database::<SqliteConnection>::open_with("sqlite::memory:", options)?;
    db.connection()?.batch_execute("CREATE TABLE tags (name TEXT NOT NULL PRIMARY KEY, uses BIGINT NOT NULL)").unwrap();
    let recorder = Recorder::start();
    db.begin(|session| -> Result<()> {
        let rust = session.add(NewTag::new("rust", 1)?);
        let upsert = diesel::insert_into(tags::table)
            .values([(tags::name.eq("rust"), tags::uses.eq(1)), (tags::name.eq("sql"), tags::uses.eq(1))])
            .on_conflict(tags::name)
            .do_update()
            .set(tags::uses.eq(tags::uses + 1));
        recorder.take();
        // Pending rows go first, and the session reads again what the statement may have changed.
        assert_eq!(session.execute(upsert)?, 2);
        assert_eq!(session.view(rust)?.uses, 2);
        let more = diesel::update(tags::table).set(tags::uses.eq(tags::uses * 10)).returning(Tag::as_returning());
        let changed: Vec<Tag> = session.rows(more)?;
        assert_eq!(changed.iter().map(|tag| tag.uses).collect::<Vec<_>>(), [20, 10]);
        Ok(())
    })?;
    let sent = recorder.sql();
    let upsert =
        "INSERT INTO tags (name, uses) VALUES (?, ?), (?, ?) ON CONFLICT (name) DO UPDATE SET uses = (tags.uses + ?)";
    assert_eq!(sent.iter().filter(|sql| *sql == upsert).count(), 1, "{sent:?}");
    Ok(())
}
