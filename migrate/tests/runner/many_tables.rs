//! A schema of many tables, generated for an engine: foreign keys to earlier tables, indexes, an enum, and a row in
//! each.

use std::path::Path;

use folio_testing::TestEngine;

use crate::support::write;

/// The name of a generated table.
pub fn table(number: usize) -> String {
    format!("part_{number:02}")
}

/// The version of the migration that creates a table.
pub fn version(number: usize) -> String {
    format!("2026010100{number:04}")
}

/// Writes a migration for each of `tables` tables into the folder. Each refers to the one before it, and to the one at
/// half its number.
pub fn write_tables(folder: &Path, engine: TestEngine, tables: usize) {
    for number in 0..tables {
        let (up, down) = scripts(engine, number);
        let name = format!("2026-01-01-00{number:04}_create_{}", table(number));
        write(folder, (&name, &up, &down));
    }
}

fn scripts(engine: TestEngine, number: usize) -> (String, String) {
    let (name, before, half) = (table(number), table(number.saturating_sub(1)), table(number / 2));
    let labels = "('Open', 'Closed')";
    let (make_type, drop_type, status) = match engine {
        TestEngine::Sqlite => (String::new(), String::new(), format!("TEXT NOT NULL CHECK (status IN {labels})")),
        TestEngine::Postgres => (
            format!("CREATE TYPE {name}_status AS ENUM {labels};\n"),
            format!("DROP TYPE {name}_status;\n"),
            format!("{name}_status NOT NULL"),
        ),
        TestEngine::Mariadb | TestEngine::Mysql => (String::new(), String::new(), format!("ENUM {labels} NOT NULL")),
    };
    let up = format!(
        "{make_type}-- One; of many.
CREATE TABLE {name} (
    id BIGINT NOT NULL PRIMARY KEY,
    code VARCHAR(20) NOT NULL,
    status {status},
    before_id BIGINT,
    half_id BIGINT,
    made TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT {name}_code_key UNIQUE (code),
    CONSTRAINT {name}_before_id_fkey FOREIGN KEY (before_id) REFERENCES {before} (id),
    CONSTRAINT {name}_half_id_fkey FOREIGN KEY (half_id) REFERENCES {half} (id) ON DELETE CASCADE
);
CREATE INDEX {name}_before_id_idx ON {name} (before_id);
CREATE INDEX {name}_half_id_idx ON {name} (half_id);
INSERT INTO {name} (id, code, status, before_id, half_id) VALUES (1, 'a;b', 'Open', 1, 1);
"
    );
    (up, format!("DROP TABLE {name};\n{drop_type}"))
}
