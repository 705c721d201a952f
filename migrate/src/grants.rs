//! The rights that a program needs which does not migrate: rows of its own tables, and a look at the history.

use std::collections::BTreeSet;

use diesel_session::connection::Engine;

use crate::error::Result;
use crate::quoting::{literal, quoted};
use crate::source::Migrations;
use crate::{history, journal, lint};

impl Migrations {
    /// The GRANT statements for the role that an application works under: it may read and write the tables that the
    /// scripts make, read their views, and read the runner's two tables, so that
    /// [`require_current`](crate::Migrate::require_current) works. The role that migrates executes them, once its
    /// migrations are applied.
    ///
    /// On PostgreSQL, tables that the migrating role makes later are granted, too. On MySQL they are not, so the
    /// statements are executed again after each migration; `role` may be `name@host`. SQLite has no roles, and the text
    /// is a comment.
    ///
    /// ```
    /// use diesel_migrate::Migrations;
    /// use diesel_session::connection::Engine;
    ///
    /// # std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
    /// let migrations = Migrations::folder("my-app", "docs/example");
    /// assert_eq!(
    ///     migrations.grants(Engine::Mysql, "app@10.0.0.7")?,
    ///     "GRANT SELECT, INSERT, UPDATE, DELETE ON tags TO 'app'@'10.0.0.7';\n\
    ///      GRANT SELECT ON __diesel_schema_migrations TO 'app'@'10.0.0.7';\n\
    ///      GRANT SELECT ON __diesel_migrate TO 'app'@'10.0.0.7';\n"
    /// );
    /// # Ok::<(), diesel_migrate::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list).
    pub fn grants(&self, engine: Engine, role: &str) -> Result<String> {
        let made = lint::made(&self.steps(engine)?, engine);
        let own = [history::NAME, journal::NAME].map(str::to_owned);
        let statements = match engine {
            Engine::Sqlite => {
                vec![
                    "-- SQLite has no roles: anyone who may write to the file and its folder may do anything."
                        .to_owned(),
                ]
            }
            Engine::Mysql => {
                let role = account(role);
                let tables = made.tables.iter().map(|name| grant("SELECT, INSERT, UPDATE, DELETE", name, &role));
                tables.chain(made.views.iter().chain(&own).map(|name| grant("SELECT", name, &role))).collect()
            }
            Engine::Postgres => {
                let role = quoted(engine, role);
                let named = made.tables.iter().chain(&made.views).chain(&made.sequences).chain(&own);
                let schemas: BTreeSet<_> = named.map(|name| lint::schema(name).unwrap_or("public")).collect();
                let usage = |schema: &&str| format!("GRANT USAGE ON SCHEMA {schema} TO {role};");
                let mut statements: Vec<_> = schemas.iter().map(usage).collect();
                statements.extend(made.tables.iter().map(|name| grant("SELECT, INSERT, UPDATE, DELETE", name, &role)));
                let sequence = |name: &String| grant("USAGE, SELECT", &format!("SEQUENCE {name}"), &role);
                statements.extend(made.sequences.iter().map(sequence));
                statements.extend(made.views.iter().chain(&own).map(|name| grant("SELECT", name, &role)));
                for schema in schemas {
                    let later = format!("ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT");
                    statements.push(format!("{later} SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};"));
                    statements.push(format!("{later} USAGE, SELECT ON SEQUENCES TO {role};"));
                }
                statements
            }
        };
        Ok(statements.into_iter().map(|statement| statement + "\n").collect())
    }
}

fn grant(rights: &str, what: &str, role: &str) -> String {
    format!("GRANT {rights} ON {what} TO {role};")
}

/// MySQL's way of writing an account: `'name'@'host'`, or `'name'` for every host.
fn account(role: &str) -> String {
    let literal = |part| literal(Engine::Mysql, part);
    match role.rsplit_once('@') {
        Some((name, host)) => format!("{}@{}", literal(name), literal(host)),
        None => literal(role),
    }
}
