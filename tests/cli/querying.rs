//! `folio sql`: results of any shape, in any format, and nothing that writes.

use diesel::connection::SimpleConnection as _;

use crate::home::{Home, migrations};
use crate::support::{dialect, engine};
use folio::connection::Engine;

#[test]
fn a_result_comes_out_in_every_format() {
    let home = Home::with_users(module_path!());
    let sql = "SELECT username, user_id AS number, email FROM users ORDER BY user_id DESC";
    let shown = |more: &[&str]| home.done(&[&["sql", sql], more].concat());
    assert_eq!(shown(&[]), "octocat\t583231\toctocat@example.org\nada\t-1\t\n");
    assert_eq!(shown(&["--header"]).lines().next(), Some("username\tnumber\temail"));
    assert_eq!(
        shown(&["--format", "csv", "--header"]),
        "username,number,email\r\noctocat,583231,octocat@example.org\r\nada,-1,\r\n"
    );
    assert_eq!(
        shown(&["--format", "ndjson"]),
        "{\"username\":\"octocat\",\"number\":583231,\"email\":\"octocat@example.org\"}\n\
         {\"username\":\"ada\",\"number\":-1,\"email\":null}\n"
    );
    assert!(shown(&["--format", "table"]).starts_with("username  number  email\n───"));
    assert!(shown(&["--format", "markdown"]).starts_with("| username | number | email |\n| --- | ---: | --- |\n"));
    assert_eq!(home.done(&["sql", "SELECT id FROM users WHERE id < 0"]), "");
    assert_eq!(home.done(&["sql", "SELECT id FROM users WHERE id < 0", "--format", "json"]), "[]\n");
    let input = home.folio(&["sql", "-"]).write_stdin("SELECT count(*) AS n FROM users\n").output().unwrap();
    assert_eq!(String::from_utf8(input.stdout).unwrap(), "2\n");
}

#[test]
fn values_are_those_of_the_engine() {
    let home = Home::with_users(module_path!());
    let (sql, expected) = match dialect(engine(module_path!())) {
        Engine::Sqlite => (
            "SELECT 1.5 AS a, x'00ff' AS b, NULL AS c, -9223372036854775807 AS d, 'x' || char(27) AS e",
            r#"{"a":1.5,"b":"0x00ff","c":null,"d":-9223372036854775807,"e":"x\u001b"}"#,
        ),
        Engine::Postgres => (
            "SELECT 1.5::float8 AS a, '\\x00ff'::bytea AS b, NULL AS c, 0.1::real AS d, 12345.00670::numeric AS e, \
             -0.0001::numeric AS f, 100000000::numeric AS g, '2026-01-31 23:59:59.5'::timestamp AS h, \
             '2026-02-01 00:59:59+01'::timestamptz AS i, '2026-01-31'::date AS j, true AS k, \
             'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS l, '{\"x\": 1}'::jsonb AS m, \
             'Public'::repository_status AS n, 7::smallint AS o, 123456789012345678901234567890::numeric AS p",
            r#"{"a":1.5,"b":"0x00ff","c":null,"d":0.1,"e":12345.0067,"f":-0.0001,"g":100000000,"#,
        ),
        _ => (
            "SELECT 1.5e0 AS a, x'00ff' AS b, NULL AS c, 12.50 AS d, 18446744073709551615 AS e, \
             CAST('2026-01-31 23:59:59' AS DATETIME) AS f, CAST('2026-01-31' AS DATE) AS g, 'x' AS h, \
             sum(id) AS i FROM users",
            "{\"a\":1.5,\"b\":\"0x00ff\",\"c\":null,\"d\":12.5,\"e\":\"18446744073709551615\",\
             \"f\":\"2026-01-31T23:59:59Z\",\"g\":\"2026-01-31\",\"h\":\"x\",\"i\":",
        ),
    };
    let shown = home.done(&["sql", sql, "--format", "ndjson"]);
    assert!(shown.starts_with(expected), "{shown}");
    if dialect(engine(module_path!())) == Engine::Postgres {
        let rest = [
            r#""h":"2026-01-31T23:59:59.500Z","i":"2026-01-31T23:59:59Z","j":"2026-01-31","k":true,"#,
            r#""l":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","m":"{\"x\": 1}","n":"Public","o":7,"#,
            r#""p":"123456789012345678901234567890"}"#,
        ]
        .concat();
        assert_eq!(shown.trim_end().strip_prefix(expected), Some(rest.as_str()));
        let said = home.fails(1, &["sql", "SELECT 1 AS a, int4range(1, 5) AS r"]);
        assert!(said.contains("column \"r\": ") && said.contains("cast it: column::text"), "{said}");
    }
}

#[test]
fn a_statement_that_writes_is_refused_by_the_database() {
    let home = Home::with_users(module_path!());
    for sql in
        ["DELETE FROM notes", "UPDATE users SET username = 'x'", "DROP TABLE notes", "CREATE TABLE more (id BIGINT)"]
    {
        assert!(!home.fails(1, &["sql", sql]).is_empty());
    }
    // One statement is run, so none can end the transaction for another.
    home.run(&["sql", "COMMIT; DELETE FROM users"]);
    home.run(&["sql", "SELECT 1; DELETE FROM users"]);
    assert_eq!(home.column(2, &["user", "list"]), ["octocat", "ada"]);
    assert_eq!(home.done(&["migrate", "status"]).matches("applied").count(), migrations().len());
    assert!(home.fails(1, &["sql", "SELECT FROM WHERE"]).to_lowercase().contains("syntax"));
    assert!(home.fails(1, &["sql", "SELECT nothing FROM users"]).contains("nothing"));
    assert_eq!(home.fails(2, &["sql", "  "]), "the statement is empty");
    let twice = home.fails(2, &["sql", "SELECT id AS a, user_id AS a FROM users", "--format", "json"]);
    assert_eq!(twice, "two columns are named \"a\", which JSON cannot have: name one with AS");
}

#[test]
fn a_database_that_is_not_up_to_date_can_be_read() {
    let home = Home::with_users(module_path!());
    home.done(&["migrate", "down", "--steps", "2", "--yes"]);
    home.connect().batch_execute("CREATE TABLE more (id BIGINT)").unwrap();
    assert_eq!(home.done(&["sql", "SELECT count(*) AS n FROM more"]), "0\n");
    let missing = Home::new(module_path!());
    assert!(missing.run(&["sql", "SELECT 1"]).code != Some(0));
}

#[test]
fn a_long_result_comes_whole() {
    let home = Home::with_users(module_path!());
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) \
                   SELECT a.i AS a, b.i AS b FROM n a CROSS JOIN \
                   (SELECT 1 AS i UNION ALL SELECT 2 UNION ALL SELECT 3) b ORDER BY a.i, b.i";
    let out = home.done(&["sql", numbers]);
    assert_eq!((out.lines().count(), out.lines().last()), (2_700, Some("900\t3")));
}
