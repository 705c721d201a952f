//! Folders of migrations, and databases of their own for each test.

use std::fs;
use std::path::Path;

use diesel_migrate::Migrations;
use diesel_session::Database;
use diesel_session::database::{Access, Options};
use folio_testing::TestEngine;
use tempfile::TempDir;

/// A migration: its folder's name, `up.sql` and `down.sql`.
pub type Scripts<'s> = (&'s str, &'s str, &'s str);

/// A folder with these migrations.
pub fn folder(migrations: &[Scripts<'_>]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for migration in migrations {
        write(folder.path(), *migration);
    }
    folder
}

/// Writes a migration into a folder, in place of an older one.
pub fn write(folder: &Path, (name, up, down): Scripts<'_>) {
    let path = folder.join(name);
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("up.sql"), up).unwrap();
    fs::write(path.join("down.sql"), down).unwrap();
}

/// Makes a migration run without a transaction.
pub fn without_transaction(folder: &Path, name: &str) {
    fs::write(folder.join(name).join("metadata.toml"), "run_in_transaction = false\n").unwrap();
}

/// The migrations of a folder, as those of an application named `shop`.
pub fn shop(folder: &TempDir) -> Migrations {
    Migrations::folder("shop", folder.path())
}

/// An empty database of its own.
pub struct Empty {
    pub db: Database,
    pub url: String,
    _folder: Option<TempDir>,
}

impl Empty {
    pub fn new(engine: TestEngine) -> Self {
        let (url, folder) = folio_testing::address(engine);
        let db = Database::open_with(&url, Options::new().access(Access::Create)).unwrap();
        Self { db, url, _folder: folder }
    }
}
