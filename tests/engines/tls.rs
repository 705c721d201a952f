//! What leaves the process where a MySQL URL demands TLS: recorded by a server that cannot do it or only says that it can.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use diesel::RunQueryDsl as _;
use diesel::dsl::sql;
use diesel::sql_types::Text;
use diesel_session::{Database, Error};

use crate::support::{Fixture, fixture_on};
use folio_testing::TestEngine;

const USER: &str = "nameless-user";
const PASSWORD: &str = "tell-nobody";
const OTHER_AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/authority.pem");

/// What a server that records says first.
#[derive(Clone, Copy, PartialEq)]
enum Greeting {
    WithoutTls,
    WithTls,
    Error,
}

fn packet(number: u8, payload: &[u8]) -> Vec<u8> {
    let [low, high, ..] = payload.len().to_le_bytes();
    [&[low, high, 0, number][..], payload].concat()
}

fn greeting(kind: Greeting, plugin: &str) -> Vec<u8> {
    if kind == Greeting::Error {
        return packet(0, b"\xff\x10\x04#08004Too many connections");
    }
    let tls = if kind == Greeting::WithTls { 0x0800_u16 } else { 0 };
    let flags = (0xa209 | tls).to_le_bytes();
    let parts: [&[u8]; 12] = [
        &[10],
        b"8.4.0\0",
        &[7, 0, 0, 0],
        b"saltsalt\0",
        &flags,
        &[45, 2, 0],
        &[0x08, 0x00],
        &[21],
        &[0; 10],
        b"saltsaltsalt\0",
        plugin.as_bytes(),
        &[0],
    ];
    packet(0, &parts.concat())
}

/// Greets, asks once for the password in the clear, and gives all that it was sent.
fn serve(mut client: TcpStream, kind: Greeting, plugin: &str) -> Vec<u8> {
    client.write_all(&greeting(kind, plugin)).unwrap();
    let (mut sent, mut chunk, mut asked) = (Vec::new(), [0; 4_096], false);
    // A client that hangs up with something unread resets the connection.
    while let Ok(length @ 1..) = client.read(&mut chunk) {
        sent.extend_from_slice(&chunk[..length]);
        let ask = packet(chunk[3] + 1, b"\xfemysql_clear_password\0saltsaltsaltsaltsalt\0");
        if asked || client.write_all(&ask).is_err() {
            break;
        }
        asked = true;
    }
    sent
}

/// Opens such a server with these parameters; gives the refusal and what the server was sent.
fn record(kind: Greeting, plugin: &'static str, parameters: &str) -> (String, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || serve(listener.accept().unwrap().0, kind, plugin));
    let url = format!("mysql://{USER}:{PASSWORD}@127.0.0.1:{port}/folio{parameters}");
    let refused = Database::open(&url).unwrap_err();
    assert!(matches!(refused, Error::Open { .. }), "{refused:?}");
    (refused.to_string(), server.join().unwrap())
}

fn holds(sent: &[u8], text: &str) -> bool {
    sent.windows(text.len()).any(|window| window == text.as_bytes())
}

fn demands() -> [String; 4] {
    [
        format!("?ssl_ca={OTHER_AUTHORITY}"),
        format!("?ssl_mode=required&ssl_ca={OTHER_AUTHORITY}"),
        format!("?ssl_mode=verify_ca&ssl_ca={OTHER_AUTHORITY}"),
        format!("?ssl_cert={OTHER_AUTHORITY}"),
    ]
}

const PLUGINS: [&str; 3] = ["mysql_native_password", "caching_sha2_password", "mysql_clear_password"];

#[test]
fn without_a_demand_the_recorder_gets_user_and_password() {
    for parameters in [String::new(), format!("?ssl_ca={OTHER_AUTHORITY}&ssl_mode=preferred")] {
        let (_, sent) = record(Greeting::WithoutTls, "mysql_native_password", &parameters);
        assert!(holds(&sent, USER) && holds(&sent, PASSWORD), "{parameters}: {sent:?}");
    }
}

#[test]
fn a_server_that_offers_no_tls_is_sent_nothing_where_tls_is_demanded() {
    for parameters in demands() {
        for plugin in PLUGINS {
            let (refused, sent) = record(Greeting::WithoutTls, plugin, &parameters);
            assert!(sent.is_empty(), "{parameters}: {sent:?}");
            assert!(refused.contains("the server does not offer it"), "{parameters}: {refused}");
        }
    }
}

#[test]
fn a_server_that_only_says_it_can_do_tls_is_sent_a_request_and_a_handshake() {
    const REQUEST: usize = 4 + 32;
    const HANDSHAKE: u8 = 0x16;
    const ALERT: u8 = 0x15;
    for parameters in demands() {
        for plugin in PLUGINS {
            let (_, sent) = record(Greeting::WithTls, plugin, &parameters);
            assert!(sent.len() >= REQUEST && sent[..4] == [32, 0, 0, 1], "{parameters}: {sent:?}");
            let after = sent.get(REQUEST);
            assert!(after.is_none_or(|first| [HANDSHAKE, ALERT].contains(first)), "{parameters}: {sent:?}");
            assert!(!holds(&sent, USER) && !holds(&sent, PASSWORD), "{parameters}: {sent:?}");
        }
    }
}

#[test]
fn an_error_instead_of_a_greeting_is_handed_on_and_answered_with_nothing() {
    for parameters in demands() {
        let (refused, sent) = record(Greeting::Error, "", &parameters);
        assert!(sent.is_empty(), "{parameters}: {sent:?}");
        assert!(refused.contains("Too many connections"), "{parameters}: {refused}");
    }
}

/// A server that has TLS, and the file of its authority.
fn server_with_tls() -> (Fixture, String) {
    let db = fixture_on(TestEngine::Mysql);
    let folder: Vec<String> = db.read(|session| session.rows(diesel::select(sql::<Text>("@@datadir")))).unwrap();
    (db, format!("{}/ca.pem", folder[0].trim_end_matches('/')))
}

#[test]
fn a_server_whose_certificate_the_authority_signed_is_used_through_tls() {
    let (db, authority) = server_with_tls();
    for mode in ["", "ssl_mode=required&", "ssl_mode=verify_ca&"] {
        let secured = Database::open(&format!("{}?{mode}ssl_ca={authority}", db.url())).unwrap();
        let long = "x".repeat(3_000_000);
        let cipher =
            "(SELECT VARIABLE_VALUE FROM performance_schema.session_status WHERE VARIABLE_NAME = 'Ssl_cipher')";
        let both: Vec<(String, String)> = secured
            .read(|session| session.rows(diesel::select((sql::<Text>(cipher), sql::<Text>(&format!("'{long}'"))))))
            .unwrap();
        assert!(!both[0].0.is_empty() && both[0].1 == long, "{mode}");
    }
}

#[test]
fn a_socket_is_used_through_tls_too() {
    let (db, authority) = server_with_tls();
    let socket: Vec<String> = db.read(|session| session.rows(diesel::select(sql::<Text>("@@socket")))).unwrap();
    let name = db.url().rsplit('/').next().unwrap();
    let url = format!("mysql://root@localhost/{name}?unix_socket={}&ssl_ca={authority}", socket[0]);
    assert!(Database::open(&url).is_ok());
}

#[test]
fn a_server_whose_certificate_another_authority_signed_is_refused_before_the_login() {
    let (db, _) = server_with_tls();
    let refused = Database::open(&format!("{}?ssl_mode=verify_ca&ssl_ca={OTHER_AUTHORITY}", db.url())).unwrap_err();
    assert!(refused.to_string().contains("certificate"), "{refused}");
}

#[test]
fn a_server_that_does_not_answer_through_tls_is_given_up_with_the_same_words() {
    let (db, authority) = server_with_tls();
    let secured = Database::open(&format!("{}?ssl_ca={authority}&read_timeout=0.3", db.url())).unwrap();
    let slept = diesel::select(sql::<Text>("CAST(SLEEP(60) AS CHAR)"));
    let error = secured.read(|session| session.rows::<String, _>(slept)).unwrap_err();
    let said = error.to_string();
    assert!(
        error.is_disconnected()
            && said.contains("the server did not answer within ")
            && said.contains("(read_timeout)"),
        "{said}"
    );
}

#[test]
fn a_pause_after_a_statement_that_is_closed_is_no_silence_of_the_server_through_tls() {
    let (db, authority) = server_with_tls();
    let secured = Database::open(&format!("{}?ssl_ca={authority}&read_timeout=0.3", db.url())).unwrap();
    let mut connection = secured.connection().unwrap();
    let mut ask = || diesel::sql_query("DO 1").execute(&mut *connection);
    ask().unwrap();
    thread::sleep(Duration::from_millis(400));
    ask().unwrap();
}
