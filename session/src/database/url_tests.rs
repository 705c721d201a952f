//! What a database URL may look like, and what it never shows.

use std::path::Path;

use super::*;
use crate::connection::Engine;

fn path(text: &str) -> PathBuf {
    match DatabaseUrl::parse(text).unwrap().address() {
        Address::SqliteFile(path) => path.clone(),
        other => panic!("{text}: {other:?}"),
    }
}

fn problem(text: &str) -> String {
    DatabaseUrl::parse(text).unwrap_err().to_string()
}

#[test]
fn a_bare_path_is_a_file_and_nothing_in_it_is_unescaped() {
    for text in ["folio.db", "./folio.db", "../a/b", "/srv/folio.db", "a%20b?c#d.db", "ж.db", "C:folio.db", "./a:b@c"]
    {
        assert_eq!(path(text), Path::new(text));
    }
}

#[test]
fn an_sqlite_url_is_relative_after_two_slashes_and_absolute_after_three() {
    assert_eq!(path("sqlite://folio.db"), Path::new("folio.db"));
    assert_eq!(path("sqlite://./folio.db"), Path::new("./folio.db"));
    assert_eq!(path("sqlite:folio.db"), Path::new("folio.db"));
    assert_eq!(path("sqlite:///srv/folio.db"), Path::new("/srv/folio.db"));
    assert_eq!(path("SQLite:///srv/folio.db"), Path::new("/srv/folio.db"));
    assert_eq!(path("file:folio.db"), Path::new("folio.db"));
    assert_eq!(path("file:////srv/folio.db"), Path::new("//srv/folio.db"));
    assert_eq!(path("file:/srv/folio.db"), Path::new("/srv/folio.db"));
    assert_eq!(path("file:///srv/folio.db"), Path::new("/srv/folio.db"));
    assert_eq!(path("file://localhost/srv/folio.db"), Path::new("/srv/folio.db"));
}

#[test]
fn escapes_in_a_url_are_undone() {
    assert_eq!(path("sqlite://my%20records%3F.db"), Path::new("my records?.db"));
    assert_eq!(path("sqlite://%D0%B6.db"), Path::new("ж.db"));
    assert_eq!(path("sqlite://ж.db"), Path::new("ж.db"));
    assert_eq!(path("sqlite://100%.db"), Path::new("100%.db"));
}

#[test]
fn a_file_that_nobody_writes_is_named_by_the_only_parameter_there_is() {
    for text in ["sqlite:///srv/a%20b.db?immutable=1", "file:/srv/a%20b.db?immutable=1"] {
        let url = DatabaseUrl::parse(text).unwrap();
        assert_eq!(url.address(), &Address::SqliteImmutable("/srv/a b.db".into()));
        assert_eq!((url.to_string(), url.address().to_string()), (text.to_owned(), "/srv/a b.db".to_owned()));
    }
    assert_eq!(path("sqlite://a.db%3Fimmutable=1"), Path::new("a.db?immutable=1"));
    assert_eq!(path("a.db?immutable=1"), Path::new("a.db?immutable=1"));
    for text in ["sqlite://a.db?immutable=0", "sqlite://a.db?immutable=1&mode=rw", "sqlite://a.db?mode=ro&immutable=1"]
    {
        assert!(problem(text).contains("no parameter but ?immutable=1"), "{}", problem(text));
    }
    assert!(problem("sqlite://?immutable=1").contains("sqlite://FILE"));
    assert!(problem("sqlite::memory:?immutable=1").contains("in memory takes no parameters"));
}

#[test]
fn a_database_in_memory_has_two_names() {
    for text in ["sqlite::memory:", "sqlite://:memory:", ":memory:"] {
        assert_eq!(DatabaseUrl::parse(text).unwrap().address(), &Address::SqliteMemory);
    }
}

#[test]
fn what_names_no_database_is_refused_with_a_way_out() {
    for text in ["", "  ", "\n", "sqlite:", "sqlite://", "file:"] {
        assert!(problem(text).contains("sqlite://FILE"), "{}", problem(text));
    }
    assert!(problem("redis://host/0").contains("write sqlite://FILE"));
    assert!(problem("a/b://c").contains("write sqlite://FILE"));
    assert!(problem("sqlite://folio.db?mode=ro").contains("%3F"));
    assert!(problem("sqlite://c#.db").contains("%23"));
    assert!(problem("sqlite://a%00b").contains("NUL"));
    assert!(problem("a\0b").contains("NUL"));
    assert!(problem("sqlite://%ff.db").contains("UTF-8"));
    assert!(problem("file://elsewhere/folio.db").contains("file:///PATH"));
    assert!(problem("sqlite://u:p@h/db").contains("write postgres://"));
    assert_eq!(path("sqlite://u:p%40h/db"), Path::new("u:p@h/db"));
    assert_eq!(path("sqlite://./u:p@h"), Path::new("./u:p@h"));
}

#[test]
fn an_engine_that_is_not_built_in_is_named_with_its_feature_and_package() {
    for (text, scheme, engine, package) in [
        ("postgres://host/db", "'postgres'", Engine::Postgres, "libpq-dev"),
        ("postgresql://u@h1:1,h2:2/db", "'postgresql'", Engine::Postgres, "libpq-dev"),
        ("mysql://host/db", "'mysql'", Engine::Mysql, "libmariadb-dev"),
        ("mariadb://host/db", "'mariadb'", Engine::Mysql, "libmariadb-dev"),
    ] {
        if engine.is_compiled_in() {
            assert!(DatabaseUrl::parse(text).unwrap().address().is_remote());
            continue;
        }
        assert!(matches!(DatabaseUrl::parse(text), Err(Error::EngineMissing { .. })));
        let problem = problem(text);
        let feature = format!("feature '{}'", engine.feature());
        assert!(problem.contains(scheme) && problem.contains(&feature) && problem.contains(package), "{problem}");
    }
}

#[cfg(feature = "postgres")]
#[test]
fn a_login_whose_signs_are_not_escaped_is_refused_before_a_message_can_show_it() {
    for text in ["postgres://u:a@b@h/db", "postgres://u:a/b@h/db", "postgres://u:a?b@h/db", "postgres://u:a:b@h/db"] {
        assert!(problem(text).contains("write "), "{}", problem(text));
    }
    for text in ["postgres://u:a%zz@h/db", "postgres://u:a%@h/db", "postgres://u:a%00@h/db"] {
        assert!(problem(text).contains("write % itself as %25"), "{}", problem(text));
    }
    assert!(problem("postgres://u@h/db?SECRET").contains("as name=value"));
    assert!(problem("postgres://u%3Aa@h/db").contains("write the : between"));
    assert!(DatabaseUrl::parse("postgres://u%3Aa:@h/db").is_ok());
    assert!(problem("postgres://u:a%ff@h/db").contains("UTF-8"));
    assert!(problem("postgres://u@h/db\n").contains("control character"));
    assert!(problem("postgres:u@h/db").contains("two slashes"));
    for text in ["postgres://u:a%40b%2F%3A@h1:1,h2:2/db?target_session_attrs=read-write", "postgres:///db?host=/run"] {
        assert!(DatabaseUrl::parse(text).is_ok(), "{text}");
    }
}

#[cfg(feature = "postgres")]
#[test]
fn a_host_and_its_port_are_looked_at_before_a_client_library_misreads_them() {
    for text in ["postgres://u@h:port/db", "postgres://u@h:0/db", "postgres://u@h1:1,h2:65536/db", "postgres://u:a/db"]
    {
        assert!(problem(text).contains("from 1 to 65535"), "{}", problem(text));
    }
    assert!(problem("postgres://u@::1/db").contains("[::1]"));
    assert!(problem("postgres://u@[::1/db").contains("not closed"));
    for text in ["postgres://u@[::1]/db", "postgres://u@[::1]:1,h:/db", "postgres://%2Frun%2Fpg/db", "postgres:///db"] {
        assert!(DatabaseUrl::parse(text).is_ok(), "{text}");
    }
}

#[cfg(feature = "mysql")]
#[test]
fn tls_that_mariadb_s_library_would_not_keep_to_is_refused_with_what_it_can_do() {
    assert!(problem("mysql://u@h/db?ssl_mode=required").contains("ssl_ca"));
    assert!(problem("mysql://u@h/db?ssl_mode=verify_ca").contains("ssl_ca"));
    assert!(problem("mysql://u@h/db?ssl_ca=a&ssl_mode=verify_identity").contains("write ssl_mode=verify_ca"));
    assert!(problem("mysql://u@localhost/db?ssl_ca=a").contains("write unix_socket="));
    assert!(DatabaseUrl::parse("mysql://u@localhost/db?ssl_ca=a&unix_socket=/run/s.sock").is_ok());
    assert!(problem("mysql://u@h/db?ssl_mode=preferred&ssl_ca=a&ssl_mode=required").contains("twice"));
    assert!(problem("mysql://u@h/db?ssl_mode=require").contains("disabled, preferred, required or verify_ca"));
    for text in ["mysql://u@h/db?ssl_mode=required&ssl_ca=a", "mysql://u@h/db?ssl_mode=disabled"] {
        assert!(DatabaseUrl::parse(text).is_ok(), "{text}");
    }
}

#[cfg(feature = "mysql")]
#[test]
fn a_mysql_url_names_a_database() {
    for text in ["mysql://", "mysql://u@h", "mysql://u@h/", "mysql://u@h?unix_socket=/run/s.sock"] {
        assert!(problem(text).contains("write mysql://USER@HOST/DATABASE"), "{}", problem(text));
    }
}

#[cfg(feature = "mysql")]
#[test]
fn a_port_that_mysql_would_pass_over_is_refused() {
    for text in ["mysql://u:p@localhost:45933/db", "mariadb://localhost:3306/db", "mysql://u@localhost:1/db?ssl_ca=a"] {
        assert!(problem(text).ends_with("write 127.0.0.1 for TCP, or unix_socket=… for a socket"), "{}", problem(text));
    }
    for text in ["mysql://u@localhost/db", "mysql://u@localhost:/db", "mysql://u@127.0.0.1:3307/db"] {
        assert!(DatabaseUrl::parse(text).is_ok(), "{text}");
    }
}

#[cfg(feature = "mysql")]
#[test]
fn a_mysql_url_may_name_several_hosts_each_with_its_port() {
    let several = |text: &str| DatabaseUrl::parse(text).unwrap().address().has_several_hosts();
    assert!(
        several("mysql://u:p@h1:3306,[::1]:3307,h3/db")
            && several("mariadb://h1,localhost/db?ssl_ca=a&ssl_mode=preferred")
    );
    assert!(!several("mysql://u:a%2Cb@h/db") && !several("mysql://u@/db?unix_socket=/run/a,b"));
    assert!(problem("mysql://u@h1,,h3/db").contains("one of its hosts has no name"));
    assert!(problem("mysql://u@h1,:3306/db").contains("one of its hosts has no name"));
    assert!(problem("mysql://u@h1,localhost:3306/db").contains("write 127.0.0.1 for TCP"));
    assert!(problem("mysql://u@h1,h2/db?unix_socket=/run/s").contains("unix_socket names one server"));
    assert!(problem("mysql://u@h1,localhost/db?ssl_ca=a").contains("TLS over the default socket"));
}

#[cfg(all(feature = "postgres", feature = "mysql"))]
#[test]
fn a_server_s_url_says_where_to_read_and_that_is_shown() {
    for text in ["postgres://u@h1,h2/db?read_from=standby&sslmode=require", "mysql://u@h1,h2/db?read_from=standby"] {
        let url = DatabaseUrl::parse(text).unwrap();
        assert_eq!(url.address().read_from(), Some(crate::connection::ReadFrom::Standby));
        assert_eq!(url.to_string(), text);
    }
    assert_eq!(DatabaseUrl::parse("postgres://u@h1,h2/db?x=y").unwrap().address().read_from(), None);
    for text in ["postgres://u@h/db?read_from=replica", "mysql://u@h/db?read_from="] {
        assert!(problem(text).contains("read_from is primary or standby"), "{}", problem(text));
    }
    assert!(problem("mysql://u@h/db?read_from=standby&read_from=primary").contains("given twice"));
}

#[cfg(feature = "mysql")]
#[test]
fn a_parameter_that_mysql_would_pass_over_is_refused() {
    assert!(problem("mysql://u@h/db?sslmode=required").contains("ssl_mode"));
    assert!(DatabaseUrl::parse("mariadb://u@h/db?ssl_mode=preferred&unix_socket=/run/s.sock").is_ok());
}

#[test]
fn redaction_hides_the_password_and_nothing_else() {
    for (text, shown) in [
        ("postgres://u:p@h/db", "postgres://u:***@h/db"),
        (
            "postgres://u:p@h1:5432,h2:5433/db?target_session_attrs=any",
            "postgres://u:***@h1:5432,h2:5433/db?target_session_attrs=any",
        ),
        ("postgres://u@h1:5432,h2:5433/db", "postgres://u@h1:5432,h2:5433/db"),
        ("postgres://h1:5432,h2:5433/db", "postgres://h1:5432,h2:5433/db"),
        ("postgres://h/db?user=u&password=p&sslmode=require", "postgres://h/db?user=u&password=***&sslmode=require"),
        ("postgres://u:p@h/db?sslpassword=q", "postgres://u:***@h/db?sslpassword=***"),
        ("postgres://u:p/db", "postgres://u:***"),
        ("redis://p:p,h:1/db", "redis://p:***"),
        ("postgres://u@h/db?pw=p&host=/run/pg&x=y", "postgres://u@h/db?pw=***&host=/run/pg&x=***"),
        ("postgres://u@h/db?p", "postgres://u@h/db?***"),
        ("postgres://u@h/db?sslmode=require&p", "postgres://u@h/db?sslmode=require&***"),
        ("postgres://u@h/db?host=a;password=p", "postgres://u@h/db?host=***"),
        ("//u:p@h/db", "//u:***@h/db"),
        ("sqlite://a.db?key=p", "sqlite://a.db?key=***"),
        ("postgres://[::1]:5432/db", "postgres://[::1]:5432/db"),
        ("mysql://u%3Ap@h/db", "mysql://u%3A***@h/db"),
        ("mysql://u%3ax:p@h/db", "mysql://u%3a***@h/db"),
        ("sqlite://u:p@h/db", "sqlite://u:***@h/db"),
        ("sqlite://a:b.db", "sqlite://a:b.db"),
        ("sqlite:///srv/folio.db", "sqlite:///srv/folio.db"),
        ("folio.db", "folio.db"),
    ] {
        assert_eq!(redact(text), shown);
    }
}

#[test]
fn no_password_is_ever_shown_however_it_is_written() {
    for text in [
        "postgres://u:SECRET@h/db",
        "postgres://u:SECRET/SECRET@h/db",
        "postgres://u:SECRET@SECRET@h/db",
        "postgres://u:SECRET:SECRET@h/db",
        "postgres://u:SECRET?SECRET@h/db",
        "postgres://u:SECRET#SECRET@h/db",
        "postgres://u:жSECRETж@h/db",
        "postgres://:SECRET@h/db",
        "postgres://u:SECRET&password=SECRET@h/db",
        "postgres://u:SECRET?password=SECRET@h/db",
        "postgres://u:SECRET@h/db?password=SECRET@SECRET",
        "postgres://u:SECRET%zz@h/db",
        "postgres://u:SECRET/db",
        "postgres://u:SECRET",
        "mysql://u:SECRET SECRET@h/db",
        "postgres://h/db?password=SECRET",
        "postgres://h/db?PassWord=SECRET",
        "postgres://h/db?pass%77ord=SECRET",
        "postgres://h/db?user=u&password=SECRET?SECRET;SECRET",
        "postgres://h/db?password=SECRET@SECRET&user=u",
        "mysql://u:SECRET@h/db?ssl_password=SECRET",
        "mysql://u%3ASECRET@h/db",
        "postgres://u%3aSECRET@h/db",
        "sqlite://u:SECRET@h/db",
        "sqlite:u:SECRET@h/db",
        "redis://:SECRET@h",
        "postgres:u:SECRET@h/db",
        "postgres//u:SECRET@h/db",
        "u:SECRET@h/db",
        "host=h password=SECRET dbname=db",
        "host=h password='SECRET SECRET'",
        "password=SECRET host=h",
        "postgres://h/db?pw=SECRET",
        "postgres://h/db?SECRET",
        "postgres://h/db?user=u;pw=SECRET",
        "postgres://h/db?sslmode=require&SECRET",
        "postgres://h/db?auth=SECRET",
        "postgres://h/db?options=SECRET",
        "postgres://h/db#SECRET",
        "postgres://u:SECRET#SECRET",
        "postgres://u:SECRET/SECRET",
        "mysql://u@h/db?SECRET",
        "sqlite://a.db?key=SECRET",
        "sqlite://a.db?SECRET",
        "//u:SECRET@h/db",
        "//u:SECRET@SECRET@h",
        "//h/db?SECRET",
        "h/db?pw=SECRET",
    ] {
        assert!(!redact(text).contains("SECRET"), "{}", redact(text));
        let shown = match DatabaseUrl::parse(text) {
            Ok(url) => format!("{url} {url:?} {} {:?}", url.address(), url.address()),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains("SECRET"), "{shown}");
    }
}

#[test]
fn display_and_debug_show_the_redacted_text() {
    let url = DatabaseUrl::parse("sqlite:///a:SECRET@b.db").unwrap();
    assert_eq!(url.to_string(), "sqlite:///a:***@b.db");
    assert_eq!(format!("{url:?}"), "DatabaseUrl(sqlite:///a:***@b.db)");
}
