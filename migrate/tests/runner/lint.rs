//! What the rules find in scripts, and what near it they do not. No database is needed.

use diesel_migrate::{Direction, Migrations, RULES};
use diesel_session::connection::Engine;

use crate::page::{findings, rules, sections, table, title};
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
        "-- In a migration of its own:\n-- transaction: none\nCREATE UNIQUE INDEX CONCURRENTLY \"Titles\" ON blog.posts USING btree \
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

/// Scripts with what is found in them.
fn check(engine: Engine, cases: &[(&str, &[&str])]) {
    for (script, expected) in cases {
        assert_eq!(rules(script, engine), *expected, "{engine}:\n{script}");
    }
}

#[test]
fn a_table_that_the_script_makes_may_be_changed_in_any_way() {
    let script = "CREATE TABLE a (id BIGINT PRIMARY KEY, user_id BIGINT); ALTER TABLE a ADD COLUMN b INT NOT NULL; \
                  CREATE INDEX a_b ON a (b); ALTER TABLE a RENAME COLUMN b TO c; ALTER TABLE a RENAME TO d; \
                  ALTER TABLE d DROP COLUMN c; DROP TABLE d;";
    for engine in Engine::ALL {
        check(*engine, &[(script, &[])]);
    }
    let constraints = "CREATE TABLE a (id BIGINT PRIMARY KEY, b BIGINT); ALTER TABLE a ADD UNIQUE (b), \
                       ADD FOREIGN KEY (b) REFERENCES users (id), ADD CHECK (b > 0);";
    check(Postgres, &[(constraints, &[])]);
    check(Mysql, &[(constraints, &[])]);
    let view = "CREATE MATERIALIZED VIEW v AS SELECT id FROM users; CREATE UNIQUE INDEX v_id ON v (id);";
    check(Postgres, &[(view, &[])]);
}

#[test]
fn a_table_that_is_rebuilt_is_neither_dropped_nor_renamed() {
    let after = "CREATE TABLE new_users (id BIGINT PRIMARY KEY); INSERT INTO new_users SELECT id FROM users; \
                 DROP TABLE users; ALTER TABLE new_users RENAME TO users; CREATE INDEX users_id ON users (id);";
    let before = "ALTER TABLE users RENAME TO old_users; CREATE TABLE users (id BIGINT PRIMARY KEY); \
                  INSERT INTO users SELECT id FROM old_users; DROP TABLE old_users;";
    for engine in Engine::ALL {
        check(*engine, &[(after, &[]), (before, &[])]);
    }
    // The rows of `comments` go with those of `posts`, also under another name.
    let before = before.replace("users", "posts");
    check(Sqlite, &[(&before, &["drop-deletes-children"])]);
    let off = format!("-- In a migration of its own:\n-- transaction: none\nPRAGMA foreign_keys = OFF;\n{before}");
    check(Sqlite, &[(&off, &[])]);
}

#[test]
fn a_column_needs_a_value_only_if_nothing_gives_it_one() {
    for engine in Engine::ALL {
        check(
            *engine,
            &[
                ("ALTER TABLE users ADD b INT NOT NULL DEFAULT NULL", &["required-column"]),
                ("ALTER TABLE users ADD COLUMN b INT", &[]),
                ("ALTER TABLE users ADD COLUMN b INT DEFAULT 7 NOT NULL", &[]),
                ("ALTER TABLE users ADD COLUMN b INT NOT NULL GENERATED ALWAYS AS (age + 1) VIRTUAL", &[]),
            ],
        );
    }
    check(
        Postgres,
        &[("ALTER TABLE users ADD b BIGINT NOT NULL GENERATED BY DEFAULT AS IDENTITY", &["rewrite-table"])],
    );
}

#[test]
fn not_null_is_found_unless_a_valid_check_proves_it() {
    let check_constraint = "ALTER TABLE users ADD CONSTRAINT c CHECK (email IS NOT NULL) NOT VALID;";
    let not_null = "ALTER TABLE users ALTER email SET NOT NULL;";
    let later = "-- In a later migration:";
    check(
        Postgres,
        &[
            (not_null, &["set-not-null"]),
            (&format!("{check_constraint}\n{later}\n{not_null}"), &["set-not-null"]),
            (&format!("{check_constraint}\n{later}\nALTER TABLE users VALIDATE CONSTRAINT c;\n{not_null}"), &[]),
            ("ALTER TABLE users ALTER name DROP NOT NULL", &[]),
        ],
    );
    check(Mysql, &[("ALTER TABLE users MODIFY email VARCHAR(100) NOT NULL", &[])]);
}

#[test]
fn a_type_that_becomes_wider_is_not_copied() {
    let postgres = |kind: &str| format!("ALTER TABLE users ALTER COLUMN name SET DATA TYPE {kind}");
    for kind in ["TEXT", "character varying(20)", "VARCHAR(21)", "varchar"] {
        check(Postgres, &[(&postgres(kind), &[])]);
    }
    for kind in ["VARCHAR(19)", "UUID", "TEXT USING lower(name)"] {
        check(Postgres, &[(&postgres(kind), &["change-type"])]);
    }
    let numbers = |from: &str, to: &str| {
        format!("ALTER TABLE users ADD n {from};\n-- In a later migration:\nALTER TABLE users ALTER n TYPE {to};")
    };
    check(
        Postgres,
        &[
            (&numbers("NUMERIC(5, 2)", "DECIMAL(7,2)"), &[]),
            (&numbers("NUMERIC(5, 2)", "NUMERIC(7, 3)"), &["change-type"]),
            (&numbers("TIMESTAMP(3)", "TIMESTAMP(6) WITHOUT TIME ZONE"), &[]),
            (&numbers("TIMESTAMP", "TIMESTAMPTZ"), &["change-type"]),
        ],
    );
    let mysql = |kind: &str| format!("ALTER TABLE users MODIFY COLUMN name {kind} NOT NULL");
    for (kind, found) in [("VARCHAR(63)", &[] as &[_]), ("VARCHAR(64)", &["change-type"]), ("TEXT", &["change-type"])] {
        check(Mysql, &[(&mysql(kind), found)]);
    }
    let labels = |labels: &str| {
        let column =
            "ALTER TABLE users ADD e ENUM('a', 'b');\n-- In a later migration:\nALTER TABLE users MODIFY e ENUM";
        format!("{column}({labels})")
    };
    check(Mysql, &[(&labels("'a','b','c'"), &[]), (&labels("'a','c','b'"), &["change-type"])]);
}

#[test]
fn a_default_copies_the_table_if_each_row_gets_its_own() {
    check(
        Postgres,
        &[
            ("ALTER TABLE users ADD at TIMESTAMP DEFAULT now()", &[]),
            ("ALTER TABLE users ADD at TIMESTAMP DEFAULT clock_timestamp()", &["rewrite-table"]),
            ("ALTER TABLE users ADD n BIGSERIAL", &["rewrite-table"]),
            ("ALTER TABLE users ADD n INT GENERATED ALWAYS AS (age + 1) STORED", &["rewrite-table"]),
            ("ALTER TABLE users SET UNLOGGED", &["rewrite-table"]),
        ],
    );
    check(
        Mysql,
        &[
            ("ALTER TABLE users ADD at DATETIME DEFAULT CURRENT_TIMESTAMP", &[]),
            ("ALTER TABLE users ADD n INT AS (age + 1) VIRTUAL", &[]),
            ("ALTER TABLE users ADD n INT AS (age + 1) STORED", &["rewrite-table"]),
            ("ALTER TABLE users ADD n INT NOT NULL AUTO_INCREMENT UNIQUE", &["rewrite-table"]),
            ("ALTER TABLE users CONVERT TO CHARACTER SET utf8mb4", &["rewrite-table"]),
            ("ALTER TABLE users ADD n INT DEFAULT (1 + 1), ALGORITHM=INPLACE", &[]),
            ("ALTER TABLE users ADD INDEX i (age), LOCK = SHARED", &["rewrite-table"]),
            ("ALTER TABLE users DROP PRIMARY KEY, ADD PRIMARY KEY (id, age)", &[]),
            ("ALTER TABLE users DROP PRIMARY KEY", &["no-primary-key", "rewrite-table"]),
        ],
    );
}

#[test]
fn a_constraint_is_found_if_it_is_compared_with_rows_under_a_lock() {
    let key = "ALTER TABLE posts ADD CONSTRAINT k FOREIGN KEY (user_id) REFERENCES users (id)";
    let index = "CREATE INDEX CONCURRENTLY i ON posts (user_id)";
    let index = format!("-- In a migration of its own:\n-- transaction: none\n{index}");
    check(
        Postgres,
        &[
            (&format!("{key};\n{index}"), &["validating-constraint"]),
            (&format!("{key} NOT VALID;\n{index}"), &[]),
            (
                &format!("{key} NOT VALID; ALTER TABLE posts VALIDATE CONSTRAINT k;\n{index}"),
                &["validating-constraint"],
            ),
            (&format!("ALTER TABLE posts ADD a INT REFERENCES users (id);\n{}", index.replace("user_id", "a")), &[]),
            (
                &format!(
                    "ALTER TABLE posts ADD a INT DEFAULT 7 REFERENCES users (id);\n{}",
                    index.replace("user_id", "a")
                ),
                &["validating-constraint"],
            ),
            ("ALTER TABLE users ADD CHECK (age > 0)", &["validating-constraint"]),
            ("ALTER TABLE users ADD CHECK (age > 0) NOT VALID", &[]),
            ("ALTER TABLE users ADD b INT CHECK (b > 0)", &["validating-constraint"]),
            ("ALTER TABLE users ADD b INT UNIQUE", &["unique-constraint"]),
            ("ALTER TABLE users ADD EXCLUDE USING gist (age WITH =)", &["unique-constraint"]),
            ("ALTER TABLE users ADD UNIQUE USING INDEX i, DROP CONSTRAINT c", &[]),
        ],
    );
    check(
        Mysql,
        &[
            (key, &["validating-constraint"]),
            (&format!("SET foreign_key_checks = 0; {key}; SET foreign_key_checks = 1"), &[]),
            (&format!("SET foreign_key_checks = 0; SET foreign_key_checks = 1; {key}"), &["validating-constraint"]),
            ("ALTER TABLE users ADD CHECK (age > 0)", &["validating-constraint"]),
            ("ALTER TABLE users ADD UNIQUE (email), ADD INDEX i (age)", &[]),
            ("ALTER TABLE users ADD FULLTEXT INDEX i (email)", &["blocking-index"]),
        ],
    );
}

#[test]
fn concurrently_and_pragmas_are_found_in_either_script_if_it_runs_in_a_transaction() {
    let without = "-- In a migration of its own:\n-- transaction: none";
    check(
        Postgres,
        &[
            ("DROP INDEX CONCURRENTLY i", &["concurrently-in-transaction"]),
            (&format!("{without}\nDROP INDEX CONCURRENTLY i; REINDEX TABLE CONCURRENTLY users;"), &[]),
            (&format!("{without}\nBEGIN; DROP INDEX CONCURRENTLY i; COMMIT"), &["concurrently-in-transaction"]),
            ("DROP INDEX i; REINDEX TABLE users", &[]),
        ],
    );
    check(Sqlite, &[("PRAGMA foreign_keys; PRAGMA foreign_key_check(users); PRAGMA user_version = 7", &[])]);

    let down = "DROP INDEX CONCURRENTLY i; ALTER TABLE a DROP COLUMN b; DROP TABLE c CASCADE";
    let folder = folder(&[("1_a", "CREATE INDEX i ON (b)", down)]);
    let found = shop(&folder).lint(Postgres).unwrap();
    assert_eq!(found.len(), 1, "reverting removes what was made: {found:?}");
    assert_eq!((found[0].direction, found[0].rule), (Direction::Down, "concurrently-in-transaction"));
}

#[test]
fn rows_and_tables_are_not_changed_in_one_script_on_mysql() {
    check(
        Mysql,
        &[
            ("DELETE FROM users; DROP INDEX i ON users", &["mixed-script"]),
            ("DELETE FROM users; UPDATE posts SET title = ''", &[]),
            ("CREATE TABLE a (id INT PRIMARY KEY); INSERT INTO a VALUES (7); SET @a = 1", &[]),
        ],
    );
    check(Postgres, &[("DELETE FROM users; DROP INDEX i", &[])]);
}

#[test]
fn a_foreign_key_wants_an_index_that_begins_with_its_columns_in_whatever_order() {
    let table = |rest: &str| format!("CREATE TABLE a (id BIGINT PRIMARY KEY, b INT, c INT, {rest})");
    let key = "FOREIGN KEY (b, c) REFERENCES d (e, f)";
    let found: &[&str] = &["foreign-key-index"];
    for engine in [Sqlite, Postgres] {
        check(
            engine,
            &[
                (&table(key), found),
                (&table(&format!("{key}, UNIQUE (c, b, id)")), &[]),
                (&table(&format!("{key}, UNIQUE (b, id, c)")), found),
                (&format!("{}; CREATE INDEX i ON a (b, c) WHERE b IS NOT NULL", table(key)), &[]),
                (&format!("{}; CREATE INDEX i ON a (b, c) WHERE id > 7", table(key)), found),
                (&format!("{}; CREATE INDEX i ON a (lower(b), b, c)", table(key)), found),
                (&format!("{}; ALTER TABLE a RENAME TO z; CREATE INDEX i ON z (b, c)", table(key)), &[]),
                (&format!("{}; DROP TABLE a", table(key)), &[]),
                ("CREATE TABLE a (id INT PRIMARY KEY REFERENCES users (id))", &[]),
            ],
        );
    }
    check(Mysql, &[(&table(key), &[])]);
}

#[test]
fn a_table_needs_a_primary_key_unless_it_is_made_like_another_or_for_a_moment() {
    for engine in Engine::ALL {
        check(
            *engine,
            &[
                ("CREATE TABLE a (b INT, c INT)", &["no-primary-key"]),
                ("CREATE TABLE a (b INT, c INT, CONSTRAINT a_key PRIMARY KEY (b, c))", &[]),
                ("CREATE TABLE a AS SELECT 1", &[]),
                ("CREATE TEMPORARY TABLE a (b INT); DROP TABLE a", &[]),
                ("CREATE TABLE a (b INT); ALTER TABLE a ADD PRIMARY KEY (b)", &[]),
            ],
        );
    }
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
