//! What `docs/architecture.md` says about the source is true: the files that it names exist, and its list of what a new
//! table touches is complete.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use folio::connection::Engine;
use folio::services::tables::{self, Row, Visit};
use proc_macro2::{TokenStream, TokenTree};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of these folders, by its path from the repository's root.
fn files(folders: &[&str]) -> BTreeSet<String> {
    let mut folders: Vec<_> = folders.iter().map(|folder| root().join(folder)).collect();
    let mut files = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    files
}

fn document() -> String {
    fs::read_to_string(root().join("docs/architecture.md")).unwrap()
}

/// What a text has between backticks, outside of fenced blocks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|prose| prose.split('`').skip(1).step_by(2))
}

/// The texts that `a{b,c}` stands for.
fn alternatives(pattern: &str) -> Vec<String> {
    let Some((before, rest)) = pattern.split_once('{') else { return vec![pattern.to_owned()] };
    let (inner, after) = rest.split_once('}').unwrap();
    inner.split(',').flat_map(|choice| alternatives(&format!("{before}{choice}{after}"))).collect()
}

/// The newest table: its name, and that of its row.
fn newest() -> (&'static str, &'static str) {
    struct Find<'m>(&'m str, Option<(&'static str, &'static str)>);

    impl Visit for Find<'_> {
        type Error = folio::Error;

        fn visit<R: Row>(&mut self) -> folio::Result<()> {
            if self.0.ends_with(&format!("_create_{}", R::table().name)) {
                self.1 = Some((R::table().name, std::any::type_name::<R>().rsplit("::").next().unwrap()));
            }
            Ok(())
        }
    }

    let migrations = folio::migrations::MIGRATIONS.list(Engine::Sqlite).unwrap();
    let newest = migrations.iter().rev().find_map(|migration| {
        let mut find = Find(&migration.name, None);
        tables::each(&mut find).unwrap();
        find.1
    });
    newest.expect("a migration `…_create_…` for one of the tables")
}

/// Whether the code, apart from comments and tests' own files, names the table.
fn names(tokens: TokenStream, words: &[String]) -> bool {
    tokens.into_iter().any(|tree| match tree {
        TokenTree::Group(group) => names(group.stream(), words),
        TokenTree::Ident(ident) => words.iter().any(|word| ident == word),
        TokenTree::Literal(literal) => words.iter().any(|word| literal.to_string() == format!("\"create_{word}\"")),
        TokenTree::Punct(_) => false,
    })
}

#[test]
fn the_list_of_what_a_new_table_touches_is_that_of_the_newest_table() {
    let (table, row) = newest();
    let document = document();
    let section = document.split("\n## ").find(|section| section.starts_with("Adding a table\n")).unwrap();
    let (lines, prose): (Vec<&str>, Vec<&str>) = section.lines().partition(|line| line.starts_with('|'));
    let paths = |text: &str| -> BTreeSet<String> {
        let paths = quoted(text).filter(|path| path.starts_with("src/") || path.starts_with("migrations/"));
        let of_table = |path: &str| path.replace("things", table).replace("thing", &row.to_lowercase());
        paths.flat_map(alternatives).map(|path| of_table(&path)).collect()
    };
    let (always, sometimes) = (paths(&lines.join("\n")), paths(&prose.join("\n")));

    let words = [table.to_owned(), row.to_owned(), format!("New{row}")];
    let touched: BTreeSet<String> = files(&["src", "migrations"])
        .into_iter()
        .filter_map(|path| {
            let text = fs::read_to_string(root().join(&path)).unwrap();
            if let Some(migration) = path.split('/').find(|part| part.ends_with(&format!("_create_{table}"))) {
                return Some(path.replace(migration, &format!("…_create_{table}")));
            }
            let is_code = path.ends_with(".rs") && !path.ends_with("/tests.rs");
            (is_code && names(text.parse().unwrap(), &words)).then_some(path)
        })
        .collect();

    let missing: Vec<_> = touched.difference(&always).filter(|path| !sometimes.contains(*path)).collect();
    assert!(missing.is_empty(), "docs/architecture.md, \"Adding a table\", does not list {missing:?}");
    let needless: Vec<_> = always.difference(&touched).collect();
    assert!(
        needless.is_empty(),
        "docs/architecture.md, \"Adding a table\", lists what {table} did not need: {needless:?}"
    );
}

#[test]
fn every_file_that_the_document_names_exists() {
    let folders = ["src", "session", "migrate", "tests", "testing", "migrations", "docs", "examples", "benches"];
    let files = files(&folders);
    let exists = |name: &str| {
        let name = name.trim_end_matches('/');
        let parts = format!("/{name}");
        files.iter().any(|file| file == name || file.ends_with(&parts) || file.starts_with(&format!("{name}/")))
    };
    let document = document();
    let named = quoted(&document).filter(|name| {
        let is_path = name.ends_with(".rs") || name.split('/').next().is_some_and(|first| folders.contains(&first));
        is_path && name.chars().all(|char| char.is_ascii_alphanumeric() || "/._-".contains(char))
    });
    let absent: Vec<_> = named.filter(|name| !name.contains("thing") && !exists(name)).collect();
    assert!(absent.is_empty(), "docs/architecture.md names files that do not exist: {absent:?}");
}
