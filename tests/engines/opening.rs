//! What a server or its URL can have against being opened and used, each named with a way out; and no password shown.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{BigInt, Text};
use diesel_migrate::Error as MigrateError;
use diesel_session::{Error, Result};
use folio::Database;
use folio::connection::{Access, Engine};
use folio::database::{DatabaseUrl, Options, Retry};
use folio::migrations::Migrate as _;
use folio::migrations::SchemaState;
use folio::models::NewUser;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{add, cut, dialect, line, names};
use crate::support::{Fixture, address, engine, fixture};
use folio_testing::relay::{Break, Relay};
use folio_testing::servers;

const SECRET: &str = "tell-nobody";

/// What an URL of the private server is made of.
pub struct Place {
    pub port: u16,
    pub database: String,
}

impl Place {
    /// Of a database that nobody has made.
    pub fn new() -> Self {
        Self::of(&address(engine(module_path!())).0)
    }

    pub fn of(url: &str) -> Self {
        let (login, database) = url.rsplit_once('/').unwrap();
        Self { port: login.rsplit_once(':').unwrap().1.parse().unwrap(), database: database.to_owned() }
    }

    pub fn url(&self, user: &str, password: &str) -> String {
        let [user, password] = [user, password].map(|part| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string());
        self.at(&format!("{user}:{password}@127.0.0.1:{}", self.port))
    }

    pub fn at(&self, login_and_host: &str) -> String {
        format!("{}://{login_and_host}/{}", dialect().feature(), self.database)
    }

    /// As `app`, to whom all is open.
    pub fn through(&self, host: &str, port: u16) -> String {
        let password = if dialect() == Engine::Postgres { "" } else { ":pw" };
        self.at(&format!("app{password}@{host}:{port}"))
    }
}

/// The server, as one who may do everything.
pub fn administer(sql: &str) {
    let any = if dialect() == Engine::Postgres { "postgres" } else { "information_schema" };
    Database::open(&servers::url(engine(module_path!()), any))
        .unwrap()
        .connection()
        .unwrap()
        .batch_execute(sql)
        .unwrap();
}

/// Makes a user who needs a password and has no rights.
pub fn make_user(name: &str, password: &str) {
    administer(&match dialect() {
        Engine::Postgres => format!("CREATE ROLE \"{name}\" LOGIN PASSWORD '{password}' IN ROLE guarded"),
        _ => format!("CREATE USER `{name}`@'127.0.0.1' IDENTIFIED BY '{password}'"),
    });
}

/// The refusal of an opening, with each of `words` in it, in one line, and no password in it or in its `Debug`.
fn refusal(url: &str, access: Access, words: &[&str]) -> Error {
    let options = Options::new().access(access).connect_timeout(Duration::from_secs(2));
    let refused = Database::open_with(url, options).unwrap_err();
    let said = refused.to_string();
    assert!(said.lines().count() == 1 && words.iter().all(|word| said.contains(word)), "{said}");
    assert!(!format!("{refused} {refused:?}").contains(SECRET), "{refused:?}");
    refused
}

#[test]
fn a_wrong_password_and_a_missing_one_are_told_apart_from_each_other() {
    let place = Place::new();
    let user = format!("guarded of {}", place.database);
    make_user(&user, "right");
    let said = refusal(&place.url(&user, SECRET), Access::Write, &[&user, "check the user and the password"]);
    assert!(matches!(said, Error::Open { .. }), "{said:?}");
    let without = place.at(&format!("{}@127.0.0.1:{}", user.replace(' ', "%20"), place.port));
    refusal(&without, Access::Write, &["add the password to the URL"]);
}

#[test]
fn a_host_that_nobody_knows_and_a_port_where_nobody_listens_are_named() {
    let login = format!("app:{SECRET}");
    let place = Place::new();
    refusal(&place.at(&format!("{login}@no-such-host.invalid")), Access::Write, &["no-such-host.invalid", "the host"]);
    refusal(&place.at(&format!("{login}@127.0.0.1:1")), Access::Write, &["127.0.0.1:1", "that the server is running"]);
}

#[test]
fn tls_that_is_demanded_and_not_offered_is_refused() {
    let place = Place::of(fixture(module_path!()).url());
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/authority.pem");
    let demands: &[String] = match dialect() {
        Engine::Postgres => &["sslmode=require".to_owned()],
        _ => &[format!("ssl_mode=verify_ca&ssl_ca={authority}"), format!("ssl_ca={authority}")],
    };
    for demand in demands {
        let url = format!("{}?{demand}", place.through("127.0.0.1", place.port));
        refusal(&url, Access::Write, &["TLS"]);
    }
}

#[test]
fn a_user_who_may_not_make_a_database_is_told_who_can() {
    let place = Place::new();
    let user = format!("no maker of {}", place.database);
    make_user(&user, SECRET);
    refusal(&place.url(&user, SECRET), Access::Create, &["an administrator can create it"]);
}

#[test]
fn a_user_who_may_not_make_tables_is_told_which_right_is_missing() {
    let place = Place::new();
    Database::open_with(&place.through("127.0.0.1", place.port), Options::new().access(Access::Create)).unwrap();
    let (user, database) = (format!("no builder of {}", place.database), &place.database);
    make_user(&user, SECRET);
    if dialect() == Engine::Mysql {
        administer(&format!("GRANT SELECT ON {database}.* TO `{user}`@'127.0.0.1'"));
    }
    let error = Database::open(&place.url(&user, SECRET)).unwrap().migrate().unwrap_err();
    assert!(matches!(error, folio::Error::Migrate(MigrateError::Failed { .. })), "{error:?}");
    assert!(error.to_string().contains("the right to make and drop tables"), "{error}");
}

#[test]
fn a_user_who_may_only_read_reads_and_is_told_which_right_is_missing_to_write() {
    let db = fixture(module_path!());
    add(&db, 1, "step").unwrap();
    let place = Place::of(db.url());
    let (user, database) = (format!("reader of {}", place.database), &place.database);
    make_user(&user, SECRET);
    match dialect() {
        Engine::Postgres => {
            let grant = format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO \"{user}\"");
            db.connection().unwrap().batch_execute(&grant).unwrap();
        }
        _ => administer(&format!("GRANT SELECT ON {database}.* TO `{user}`@'127.0.0.1'")),
    }
    let reader = Database::open(&place.url(&user, SECRET)).unwrap();
    reader.require_current().unwrap();
    assert_eq!(names(&reader), ["step"]);
    let error = add(&reader, 2, "more").unwrap_err();
    assert!(error.is_denied() && !error.is_retryable(), "{error:?}");
    assert!(error.to_string().contains("inserting into users") && error.to_string().contains("grant"), "{error}");
    assert_eq!(names(&db), ["step"]);
}

#[test]
fn a_url_may_hold_any_sign_in_its_user_password_and_database() {
    let place = Place::new();
    let (user, password) = (format!("ü@%41 :/?#{}", place.database), "pä@%41ss :/?#[]&=");
    make_user(&user, password);
    match dialect() {
        Engine::Postgres => administer(&format!("ALTER ROLE \"{user}\" CREATEDB")),
        _ => administer(&format!("GRANT ALL ON *.* TO `{user}`@'127.0.0.1'")),
    }
    let url = format!("{}%20%D1%84%40%2541", place.url(&user, password));
    let db = Database::open_with(&url, Options::new().access(Access::Create)).unwrap();
    db.migrate().unwrap();
    add(&db, 1, "step").unwrap();
    // A space and a letter that are not escaped name the same database.
    let again = Database::open(&format!("{} ф%40%2541", place.url(&user, password))).unwrap();
    assert_eq!(names(&again), ["step"]);
    let shown = format!("{db:?} {} {again:?} {:?}", db.place(), DatabaseUrl::parse(&url));
    assert!(!shown.contains("ss"), "{shown}");
}

#[test]
fn a_socket_and_an_address_of_version_6_lead_to_the_server_too() {
    let db = fixture(module_path!());
    add(&db, 1, "step").unwrap();
    let place = Place::of(db.url());
    let ask = if dialect() == Engine::Postgres { "current_setting('unix_socket_directories')" } else { "@@socket" };
    let ask = diesel::select(diesel::dsl::sql::<Text>(ask));
    let socket: Vec<String> = db.read(|session| session.rows(ask)).unwrap();
    let by_socket = match dialect() {
        Engine::Postgres => {
            let within = format!("postgres:///{}?host={}&port={}&user=app", place.database, socket[0], place.port);
            let as_host = utf8_percent_encode(&socket[0], NON_ALPHANUMERIC).to_string();
            vec![within, place.through(&as_host, place.port)]
        }
        _ => vec![format!("mysql://root@localhost/{}?unix_socket={}", place.database, socket[0])],
    };
    for url in by_socket {
        assert_eq!(names(&Database::open(&url).unwrap()), ["step"]);
    }
    match Relay::new("::1", place.port) {
        Ok(relay) => assert_eq!(names(&Database::open(&place.through("[::1]", relay.port())).unwrap()), ["step"]),
        Err(error) => println!("NOT RUN: this machine has no address ::1 ({error})"),
    }
}

#[test]
fn an_empty_password_is_a_password_like_any_other() {
    let place = Place::of(fixture(module_path!()).url());
    if dialect() == Engine::Postgres {
        // A role has a password or none; there it stands for none.
        assert!(Database::open(&place.url("app", "")).is_ok());
        return;
    }
    let user = format!("open to {}", place.database);
    make_user(&user, "");
    administer(&format!("GRANT ALL ON {}.* TO `{user}`@'127.0.0.1'", place.database));
    assert!(Database::open(&place.url(&user, "")).is_ok());
    refusal(&place.url(&user, SECRET), Access::Write, &["check the user and the password"]);
}

#[test]
fn a_newer_folio_s_database_is_refused() {
    let db = fixture(module_path!());
    let newer = folio_testing::recorded("20991231000001", "folio");
    db.connection().unwrap().batch_execute(&newer).unwrap();
    assert_eq!(db.schema_state().unwrap(), SchemaState::Newer(vec!["20991231000001".to_owned()]));
    for refused in [db.require_current(), db.migrate().map(drop)] {
        assert!(
            matches!(refused, Err(folio::Error::Migrate(MigrateError::Newer { place, .. })) if place == db.place())
        );
    }
}

/// The database behind a line that can be broken.
fn behind_a_relay(db: &Fixture) -> (Database, Relay) {
    let place = Place::of(db.url());
    let relay = Relay::new("127.0.0.1", place.port).unwrap();
    (Database::open(&place.through("127.0.0.1", relay.port())).unwrap(), relay)
}

#[test]
fn a_commit_whose_answer_never_comes_is_of_unknown_fate_whether_it_was_kept_or_not() {
    for (when, kept) in [(Break::Before, 0), (Break::After, 1)] {
        let db = fixture(module_path!());
        let (far, relay) = behind_a_relay(&db);
        relay.break_at("COMMIT", when);
        let mut tries = 0;
        let done = far.retrying(Retry::default(), |session| -> Result<()> {
            tries += 1;
            session.add(NewUser::new(1, "step")?);
            Ok(())
        });
        let error = done.unwrap_err();
        assert!(error.is_commit_unknown() && tries == 1, "{error}");
        assert_eq!(names(&db).len(), kept, "{when:?}");
        // And the pool goes on by itself.
        assert_eq!(names(&far).len(), kept);
    }
}

#[test]
fn a_line_that_breaks_in_a_flush_is_a_reason_to_try_again_and_nothing_is_there_twice() {
    for when in [Break::Before, Break::After] {
        let db = fixture(module_path!());
        let (far, relay) = behind_a_relay(&db);
        relay.break_at("INSERT INTO", when);
        let mut tries = 0;
        far.retrying(Retry::default(), |session| -> Result<()> {
            tries += 1;
            session.add(NewUser::new(1, "step")?);
            session.add(NewUser::new(2, "more")?);
            Ok(())
        })
        .unwrap();
        assert_eq!((tries, names(&db).len()), (2, 2), "{when:?}");
    }
}

/// Asks the server until it says yes.
pub fn until(db: &Database, question: &str) {
    let started = Instant::now();
    loop {
        let question = diesel::select(diesel::dsl::sql::<BigInt>(&format!("({question})")));
        let answer: Vec<i64> = db.read(|session| session.rows(question)).unwrap();
        if answer == [1] {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "still {answer:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_line_that_is_cut_while_a_statement_runs_is_lost_and_keeps_nothing() {
    let db = fixture(module_path!());
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let working = scope.spawn(|| {
            db.begin(|session| -> Result<()> {
                session.add(NewUser::new(1, "lost")?);
                session.flush()?;
                tell.send(line(session)).unwrap();
                let sleep = if dialect() == Engine::Postgres { "pg_sleep(60)::text" } else { "SLEEP(60)" };
                session.rows::<String, _>(diesel::select(diesel::dsl::sql::<Text>(sleep))).map(drop)
            })
        });
        let line = told.recv().unwrap();
        let other = Database::open(db.url()).unwrap();
        until(
            &other,
            &match dialect() {
                Engine::Postgres => {
                    format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {line} AND query LIKE '%pg_sleep(60)%'")
                }
                _ => format!(
                    "SELECT count(*) FROM information_schema.processlist WHERE id = {line} AND info LIKE '%SLEEP(60)%'"
                ),
            },
        );
        cut(&other, line);
        let error = working.join().unwrap().unwrap_err();
        assert!(error.is_disconnected() && error.is_retryable(), "{error}");
    });
    assert!(names(&db).is_empty());
}

#[test]
fn a_connection_that_the_server_closed_for_idleness_is_replaced_unseen() {
    let db = fixture(module_path!());
    let other = Database::open(db.url()).unwrap();
    let (impatient, gone) = match dialect() {
        Engine::Postgres => ("SET idle_session_timeout = 50", "pg_stat_activity WHERE pid"),
        _ => ("SET SESSION wait_timeout = 1", "information_schema.processlist WHERE id"),
    };
    let line = db.read(|session| Ok::<_, Error>(line(session))).unwrap();
    db.connection().unwrap().batch_execute(impatient).unwrap();
    until(&other, &format!("SELECT 1 - count(*) FROM {gone} = {line}"));
    add(&db, 1, "step").unwrap();
    assert_eq!(names(&db), ["step"]);
}
