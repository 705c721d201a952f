//! The engines of a build, and the messages about the others.

use folio::connection::Engine;

use crate::home::Home;

#[test]
fn the_version_is_printed_with_the_engines_that_are_compiled_in_and_what_they_were_tested_on() {
    let version = format!("folio {}\n", env!("CARGO_PKG_VERSION"));
    let home = Home::new(module_path!());
    assert_eq!(home.done(&["-V"]), version);
    let built = || Engine::ALL.iter().filter(|engine| engine.is_compiled_in());
    let engines = built().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let tested = built().map(|engine| engine.tested_on()).collect::<Vec<_>>().join(", ");
    assert_eq!(home.done(&["--version"]), format!("{version}engines: {engines}\ntested on: {tested}\n"));
}

#[test]
fn a_url_of_an_engine_that_is_not_compiled_in_names_the_feature_and_the_packages() {
    for (url, engine, packages) in [
        ("sqlite://folio.db", Engine::Sqlite, &[][..]),
        ("postgres://app:SECRET@127.0.0.1/folio", Engine::Postgres, &["Debian: libpq-dev", "Homebrew: libpq"][..]),
        ("postgresql://app:SECRET@h1,h2/folio", Engine::Postgres, &["Debian: libpq-dev", "Homebrew: libpq"]),
        ("mysql://app:SECRET@127.0.0.1/folio", Engine::Mysql, &["libmariadb-dev", "mariadb-connector-c"]),
        ("mariadb://app:SECRET@127.0.0.1/folio", Engine::Mysql, &["libmariadb-dev", "mariadb-connector-c"]),
    ] {
        if engine.is_compiled_in() {
            continue;
        }
        for verb in [&["user", "list"][..], &["db", "create"]] {
            let home = Home::new("");
            let said = home.fails(1, &[verb, &["--database-url", url]].concat());
            let feature = format!("a build for {engine} has the feature '{}'", engine.feature());
            assert!(said.contains(&feature) && !said.contains("SECRET"), "{said}");
            assert!(packages.iter().all(|package| said.contains(package)), "{said}");
            assert!(home.files().is_empty());
        }
    }
}
