//! What lint finds: the rules as docs/lint.md shows them, places, advice, and the comments that silence rules. No
//! database is needed.

use diesel_migrate::{Direction, Migrations, RULES};
use diesel_session::connection::Engine;

use crate::page::{check, findings, rules, sections, table, title};
use crate::support::{folder, shop, write};

use Engine::{Mysql, Postgres, Sqlite};

#[test]
fn the_page_lists_every_rule_with_its_engines_and_shows_it() {
    let listed: Vec<_> = table();
    let known: Vec<_> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(listed.iter().map(|[name, ..]| *name).collect::<Vec<_>>(), known);
    assert_eq!(sections().iter().map(|section| section.rule).collect::<Vec<_>>(), known);
    for ([name, engines, summary], rule) in listed.iter().zip(RULES) {
        assert_eq!(rule.engines.iter().map(|engine| title(*engine)).collect::<Vec<_>>().join(", "), *engines, "{name}");
        assert_eq!(rule.summary, *summary, "{name}");
    }
}

#[test]
fn each_rule_finds_what_the_page_shows_and_not_what_it_says_to_write_instead() {
    for section in sections() {
        let rule = RULES.iter().find(|rule| rule.name == section.rule).unwrap();
        for engine in Engine::ALL {
            let examples = section.examples.iter().filter(|example| example.is_for(*engine));
            let mut shown = 0;
            for example in examples.filter(|_| rule.engines.contains(engine)) {
                let (bad, good) = (rules(example.bad, *engine), rules(example.good, *engine));
                assert!(bad.contains(&rule.name), "{engine}: {bad:?} in\n{}", example.bad);
                assert!(!good.contains(&rule.name), "{engine}: {good:?} in\n{}", example.good);
                shown += 1;
            }
            assert!(
                !rule.engines.contains(engine) || shown > 0 || rule.name == "missing-down",
                "{engine}: {}",
                rule.name
            );
            for example in section.examples.iter().filter(|_| !rule.engines.contains(engine)) {
                assert!(!rules(example.bad, *engine).contains(&rule.name), "{engine}: {}", rule.name);
            }
        }
    }
}

#[test]
fn the_advice_of_a_finding_is_not_found_again() {
    // These say what to add to a definition.
    let parts = ["no-primary-key", "inline-reference", "missing-down", "foreign-key-index"];
    for section in sections() {
        for engine in Engine::ALL {
            for example in section.examples.iter().filter(|example| example.is_for(*engine)) {
                for finding in findings(example.bad, *engine) {
                    let again = rules(&finding.advice, *engine);
                    assert!(parts.contains(&finding.rule) || !again.contains(&finding.rule), "{}", finding.advice);
                }
            }
        }
    }
}

#[test]
fn a_finding_names_its_place_and_the_real_names() {
    let script = "-- Find them\n\nCREATE TABLE a (id INT PRIMARY KEY);\n-- faster\n\
                  CREATE UNIQUE INDEX \"Titles\"\n    ON blog.posts USING btree (lower(title)) WHERE title <> '';";
    let found = findings(script, Postgres);
    assert_eq!(found.len(), 1);
    let finding = &found[0];
    assert_eq!(finding.migration.version, "20260102000001");
    assert_eq!((finding.direction, finding.line, finding.rule), (Direction::Up, 5, "blocking-index"));
    assert_eq!(
        finding.statement,
        "CREATE UNIQUE INDEX \"Titles\" ON blog.posts USING btree (lower(title)) WHERE titl…"
    );
    assert_eq!(
        finding.advice,
        "-- In a migration of its own:\n-- transaction: none\n\
         CREATE UNIQUE INDEX CONCURRENTLY \"Titles\" ON blog.posts USING btree \
         (lower(title)) WHERE title <> '';"
    );
    assert_eq!(
        finding.to_string(),
        "2026-01-02-000001_a/up.sql:5: blocking-index: Nobody can write to blog.posts while the index is built."
    );
}

#[test]
fn the_advice_keeps_what_the_script_says() {
    let advice = |script: &str, engine| findings(script, engine)[0].advice.clone();
    assert_eq!(
        advice(
            "ALTER TABLE app.users ADD COLUMN \"Role\" INT NOT NULL DEFAULT 7 REFERENCES roles (id) ON DELETE CASCADE",
            Postgres
        ),
        "ALTER TABLE app.users ADD COLUMN \"Role\" INT NOT NULL DEFAULT 7;\n\
         ALTER TABLE app.users ADD CONSTRAINT users_Role_fkey FOREIGN KEY (\"Role\") REFERENCES roles (id) ON DELETE CASCADE \
         NOT VALID;\n-- In a later migration:\nALTER TABLE app.users VALIDATE CONSTRAINT users_Role_fkey;"
    );
    assert_eq!(
        advice("ALTER TABLE users ADD born DATE NOT NULL", Postgres),
        "-- Without NOT NULL, until every row has a value:\nALTER TABLE users ADD COLUMN born DATE;"
    );
    let key = advice("ALTER TABLE posts ADD FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID", Postgres);
    assert!(key.ends_with("\nCREATE INDEX CONCURRENTLY posts_user_id_idx ON posts (user_id);"), "{key}");
    assert_eq!(
        advice("ALTER TABLE users ADD CHECK (age IS NOT NULL)", Postgres),
        "ALTER TABLE users ADD CONSTRAINT users_age_check CHECK (age IS NOT NULL) NOT VALID;\n\
         -- In a later migration:\nALTER TABLE users VALIDATE CONSTRAINT users_age_check;"
    );
    assert_eq!(
        advice("ALTER TABLE posts ADD FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL", Mysql),
        "-- Once a SELECT has shown that no row lacks its parent:\nSET foreign_key_checks = 0;\n\
         ALTER TABLE posts ADD FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL, ALGORITHM=INPLACE, \
         LOCK=NONE;\nSET foreign_key_checks = 1;"
    );
    assert_eq!(
        advice("ALTER TABLE `users` MODIFY COLUMN `age` BIGINT UNSIGNED NOT NULL", Mysql),
        "ALTER TABLE `users` ADD COLUMN age_new BIGINT UNSIGNED;\n\
         -- Release a program that writes both columns; then copy the rest, some rows at a time:\n\
         -- In a later migration:\nUPDATE `users` SET age_new = `age` WHERE age_new IS NULL;\n\
         -- Release a program that uses age_new alone:\n-- In a later migration:\n\
         -- lint: allow drop-column because no running program uses it\nALTER TABLE `users` DROP COLUMN `age`;"
    );
}

#[test]
fn a_migration_without_a_way_down_is_found_unless_either_script_says_why() {
    let allow = "-- lint: allow missing-down because the rows are gone";
    let found = |up: &str, down: Option<&str>| {
        let folder = folder(&[("1_a", up, down.unwrap_or_default())]);
        if down.is_none() {
            std::fs::remove_file(folder.path().join("1_a/down.sql")).unwrap();
        }
        let found = shop(&folder).lint(Sqlite).unwrap();
        found.into_iter().map(|finding| (finding.direction, finding.rule)).collect::<Vec<_>>()
    };
    let missing = [(Direction::Down, "missing-down")];
    assert_eq!(found("SELECT 1", None), missing);
    assert_eq!(found("SELECT 1", Some("-- It cannot be done.")), missing);
    assert_eq!(found("SELECT 1", Some("SELECT 2")), []);
    assert_eq!(found("SELECT 1", Some(allow)), []);
    assert_eq!(found(&format!("{allow}\nSELECT 1"), None), []);
}

#[test]
fn a_comment_allows_the_statement_that_it_is_before_in_or_behind_or_the_whole_script() {
    let drop = "ALTER TABLE users DROP COLUMN age;";
    let allow = "-- lint: allow drop-column because no running program uses it";
    let (found, unused) = ("drop-column", "allow-unused");
    check(
        Sqlite,
        &[
            (&format!("{allow}\n{drop}\n{drop}"), &[]),
            (&format!("SELECT 1;\n{allow}\n{drop}\n{drop}"), &[found]),
            (&format!("SELECT 1;\n{drop} {allow}"), &[]),
            (&format!("SELECT 1;\nALTER TABLE users\n    {allow}\n    DROP COLUMN age;"), &[]),
            (&format!("SELECT 1;\n{drop}\n{allow}"), &[found, unused]),
            (&format!("{allow}\nSELECT 1;"), &[unused]),
            (&format!("SELECT '\n{allow}\n'; {drop}"), &[found]),
            (&format!("-- lint: allow drop-table, drop-column because …\n{drop} DROP TABLE comments;"), &[]),
            (&format!("-- lint: allow drop-column\n{drop}"), &["allow-without-reason", found]),
            (&format!("-- lint: allow drop-column because \n{drop}"), &["allow-without-reason", found]),
            (&format!("-- lint: ignore drop-column because why\n{drop}"), &["allow-unknown-rule", found]),
            ("-- lint: allow set-not-null because PostgreSQL reads this script, too\nSELECT 1", &[]),
        ],
    );
}

#[test]
fn the_migrations_of_an_earlier_release_can_be_left_out() {
    let folder = folder(&[("1_a", "DROP TABLE a", "SELECT 1"), ("2_b", "DROP TABLE b", "SELECT 1")]);
    let found = shop(&folder).lint(Sqlite).unwrap();
    let new: Vec<_> = found.iter().filter(|finding| finding.migration.version.as_str() > "1").collect();
    assert_eq!((found.len(), new.len()), (2, 1));
    write(folder.path(), ("3_c", "", "SELECT 1"));
    assert_eq!(shop(&folder).lint(Sqlite).unwrap(), found, "an empty script");
}

#[test]
fn folios_own_migrations_are_clean() {
    let migrations = Migrations::folder("folio", concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations"));
    let example = Migrations::folder("my-app", concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example"));
    for engine in Engine::ALL {
        assert_eq!(migrations.lint(*engine).unwrap(), [], "{engine}");
        assert_eq!(example.lint(*engine).unwrap(), [], "{engine}");
    }
}
