//! Upserts on MySQL and MariaDB, which Diesel has for `MysqlConnection` only.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_session::prelude::*;
use folio_testing::{TestEngine, address};

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

fn upsert_on(engine: TestEngine) -> Result<()> {
    let (url, _folder) = address(engine);
    let db = Database::<MysqlConnection>::open_with(&url, Options::default().access(Access::Create))?;
    db.connection()?
        .batch_execute("CREATE TABLE tags (name VARCHAR(100) NOT NULL PRIMARY KEY, uses BIGINT NOT NULL)")
        .unwrap();
    db.begin(|session| -> Result<()> {
        let rust = session.add(NewTag::new("rust", 1)?);
        let upsert = diesel::insert_into(tags::table)
            .values([(tags::name.eq("rust"), tags::uses.eq(1)), (tags::name.eq("sql"), tags::uses.eq(1))])
            .on_conflict(diesel::dsl::DuplicatedKeys)
            .do_update()
            .set(tags::uses.eq(tags::uses + 1));
        session.execute(upsert)?;
        assert_eq!(session.view(rust)?.uses, 2);
        Ok(())
    })
}

#[test]
fn an_upsert_runs_as_a_statement_of_the_session_on_mariadb() -> Result<()> {
    upsert_on(TestEngine::Mariadb)
}

#[test]
fn an_upsert_runs_as_a_statement_of_the_session_on_mysql() -> Result<()> {
    upsert_on(TestEngine::Mysql)
}
