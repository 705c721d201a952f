//! PostgreSQL's own types in rows and in queries over `Database<PgConnection>`: UUID, JSONB, TIMESTAMPTZ, arrays; upserts
//! and `RETURNING`.

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection as _;
use diesel::dsl::count_star;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_session::prelude::*;
use folio_testing::{TestEngine, address};
use serde_json::{Value, json};
use uuid::Uuid;

diesel::table! {
    events (id) { id -> Uuid, kind -> Text, facts -> Jsonb, tags -> Array<Text>, happened_at -> Timestamptz }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = events, check_for_backend(Pg))]
pub struct Event {
    #[entity(key, given)]
    id: Uuid,
    kind: Text256,
    facts: Value,
    tags: Vec<String>,
    happened_at: DateTime<Utc>,
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// A database with two events.
fn events() -> Result<Database<PgConnection>> {
    let (url, _folder) = address(TestEngine::Postgres);
    let db = Database::<PgConnection>::open_with(&url, Options::default().access(Access::Create))?;
    db.connection()?
        .batch_execute(
            "CREATE TABLE events (id UUID PRIMARY KEY, kind TEXT NOT NULL, facts JSONB NOT NULL, tags TEXT[] NOT NULL, \
             happened_at TIMESTAMPTZ NOT NULL)",
        )
        .unwrap();
    db.begin(|session| -> Result<()> {
        let login = NewEvent::new(Uuid::from_u128(1), "login", json!({ "user": 7 }), vec!["web".into()], at(100))?;
        let logout = NewEvent::new(Uuid::from_u128(2), "logout", json!({ "user": 8 }), vec![], at(200))?;
        session.add(login);
        session.add(logout);
        Ok(())
    })?;
    Ok(db)
}

#[test]
fn queries_filter_by_uuid_json_array_and_time_with_zone() -> Result<()> {
    let db = events()?;
    db.read(|session| -> Result<()> {
        let login = session.get_one::<Event>(Uuid::from_u128(1))?;
        let queries = [
            Event::query().filter(events::id.eq(Uuid::from_u128(1))).into_boxed::<Pg>(),
            Event::query().filter(events::id.eq_any([Uuid::from_u128(1)])).into_boxed(),
            Event::query().filter(events::facts.contains(json!({ "user": 7 }))).into_boxed(),
            Event::query().filter(events::tags.contains(vec!["web"])).into_boxed(),
            Event::query().filter(events::happened_at.lt(at(150))).into_boxed(),
        ];
        for query in queries {
            assert_eq!(session.query(query).one()?, login);
        }
        assert_eq!(session.row(login)?.happened_at, at(100));
        let kinds: Vec<(String, i64)> = session
            .rows(events::table.group_by(events::kind).select((events::kind, count_star())).order(events::kind))?;
        assert_eq!(kinds, [("login".to_owned(), 1), ("logout".to_owned(), 1)]);
        Ok(())
    })
}

#[test]
fn an_upsert_returns_its_rows_and_the_session_reads_again_what_it_changed() -> Result<()> {
    let db = events()?;
    db.begin(|session| -> Result<()> {
        let login = session.get_one::<Event>(Uuid::from_u128(1))?;
        let row = || {
            diesel::insert_into(events::table)
                .values((
                    events::id.eq(Uuid::from_u128(1)),
                    events::kind.eq("login"),
                    events::facts.eq(json!({})),
                    events::tags.eq(vec!["app"]),
                    events::happened_at.eq(at(300)),
                ))
                .on_conflict(events::id)
        };
        let upsert = row().do_update().set((events::tags.eq(vec!["app"]), events::happened_at.eq(at(300))));
        assert_eq!(session.execute(upsert)?, 1);
        assert_eq!(session.view(login)?.tags, ["app"]);
        let ids: Vec<Uuid> = session.rows(row().do_update().set(events::kind.eq("again")).returning(events::id))?;
        assert_eq!(ids, [Uuid::from_u128(1)]);
        assert_eq!(session.execute(row().do_nothing())?, 0);
        Ok(())
    })?;
    Ok(())
}
