//! The status and the JSON of each answer.

use diesel::connection::SimpleConnection as _;
use diesel_session::database::Access;
use diesel_session::testing::TestDatabase;
use folio_example_web::options;

use crate::client::Service;

fn service() -> (TestDatabase, Service) {
    let db = TestDatabase::with("sqlite://bank.db", options().access(Access::Create)).unwrap();
    let service = Service::migrated(&db);
    (db, service)
}

#[test]
fn money_moves_once_for_each_key_and_the_balances_are_told_again() {
    let (_db, service) = service();
    let (ann, ben) = (service.open("Ann", 100), service.open("Ben", 0));
    let (status, balances) = service.transfer("a", ann, ben, 30);
    assert_eq!((status, &balances["from"], &balances["to"]), (200, &70.into(), &30.into()));
    assert_eq!(service.transfer("a", ann, ben, 30), (status, balances), "the same request again");
    assert_eq!((service.balance(ann), service.balance(ben)), (70, 30));
    assert_eq!(service.transfer("b", ben, ann, 30).0, 200, "another key is another request");
    assert_eq!((service.balance(ann), service.balance(ben)), (100, 0));
}

#[test]
fn each_error_is_json_with_the_status_of_its_class() {
    let (_db, service) = service();
    let (ann, ben) = (service.open("Ann", 100), service.open("Ben", 0));
    let error = |(status, answer): (u16, serde_json::Value)| (status, answer["error"].as_str().unwrap().to_owned());
    let transfer = |from, to, amount| error(service.transfer("a", from, to, amount));
    assert_eq!(transfer(ann, ben, 101), (409, "the account has only 100".to_owned()));
    assert_eq!(transfer(ann, 77, 1).0, 404);
    assert_eq!(transfer(ann, ann, 1).0, 422);
    assert_eq!(service.transfer("a", ann, ben, 1).0, 200, "a key whose unit failed can be used");
    let ask = |request, body| error(service.ask(request, None, body));
    assert_eq!(ask("POST /transfers", r#"{"from": 1, "to": 2, "amount": 1}"#).0, 400, "without a key");
    assert_eq!(ask("POST /transfers", "{").0, 400);
    assert_eq!(ask("POST /accounts", r#"{"owner": "Eve"}"#).0, 422);
    assert_eq!(ask("POST /accounts", r#"{"owner": "Eve", "balance": -1}"#).0, 422, "the database refuses it");
    assert_eq!(ask("GET /accounts/77", "").0, 404);
    assert_eq!(ask("GET /accounts/x", "").0, 400);
    assert_eq!(ask("GET /", ""), (404, "no such page".to_owned()));
    assert_eq!((service.balance(ann), service.balance(ben)), (99, 1));
}

#[test]
fn it_is_healthy_only_on_a_database_with_its_migrations() {
    let (_db, service) = service();
    assert_eq!(service.ask("GET /health", None, "").0, 200);
    let empty = TestDatabase::with("sqlite://bank.db", options().access(Access::Create)).unwrap();
    let (status, answer) = Service::on(&empty).ask("GET /health", None, "");
    assert_eq!((status, answer["error"].as_str().unwrap()), (503, "not ready"));
}

#[test]
fn it_stays_healthy_while_a_newer_program_with_more_migrations_is_deployed() {
    let (db, service) = service();
    let newer = folio_testing::recorded("20991231000000", "folio-example-web");
    db.connection().unwrap().batch_execute(&newer).unwrap();
    assert_eq!(service.ask("GET /health", None, "").0, 200);
}

#[test]
fn a_shut_down_answers_what_was_asked() {
    let (db, mut service) = service();
    let (ann, ben) = (service.open("Ann", 100), service.open("Ben", 0));
    assert_eq!(service.transfer("a", ann, ben, 1).0, 200);
    service.stop();
    let metrics = db.metrics();
    assert_eq!((metrics.threads, metrics.running, metrics.queued), (0, 0, 0), "no thread is left");
    assert_eq!(metrics.idle, metrics.connections, "no connection is in use");
}
