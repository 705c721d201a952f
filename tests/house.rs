//! The rules of the house, checked over its source text: who may name whom, how a file opens, how long it may grow.
//!
//! Paths are found in the tokens, not by a parser: a body of a macro is read like any other code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A crate: its sources, its name, and its rooms with what each may name beside itself and `error`. A part of a room is
/// written `room::part`.
struct House {
    src: &'static str,
    name: &'static str,
    rooms: &'static [(&'static str, &'static [&'static str])],
}

const SESSION: House = House {
    src: "session/src/",
    name: "diesel_session",
    rooms: &[
        ("testing", &["database", "connection", "types"]),
        ("database", &["session", "connection"]),
        ("session", &["connection", "types"]),
        ("types", &["connection"]),
        ("connection", &[]),
        ("error", &[]),
    ],
};

const DERIVE: House = House {
    src: "session/derive/src/",
    name: "diesel_session_derive",
    rooms: &[
        ("write", &["history", "key", "links", "new", "unique", "filter_code", "unique_code", "parts", "entity"]),
        ("history", &["entity"]),
        ("unique_code", &["filter_code", "entity", "unique_set"]),
        ("filter_code", &["entity", "filter"]),
        ("key", &["parts", "entity"]),
        ("links", &["parts", "entity"]),
        ("new", &["parts", "entity", "foreign_key"]),
        ("unique", &["entity"]),
        ("parts", &["entity"]),
        ("entity", &["field", "filter", "foreign_key", "unique_set"]),
        ("field", &[]),
        ("foreign_key", &[]),
        ("unique_set", &["filter"]),
        ("filter", &[]),
    ],
};

/// The runner has a file for each job and few rooms: that no two name each other in a cycle is its order.
const MIGRATE: House = House { src: "migrate/src/", name: "diesel_migrate", rooms: &[] };

/// `connection`, `database` and `session` are the session's crate under Folio's name.
const FOLIO: House = House {
    src: "src/",
    name: "folio",
    rooms: &[
        ("cli", &["adopt", "upkeep", "services", "exchange", "migrations", "database", "models", "types"]),
        ("upkeep", &["services", "connection", "database"]),
        ("adopt", &["services", "migrations", "models", "types", "session", "connection", "database"]),
        (
            "services",
            &[
                "exchange",
                "session",
                "connection::AnyConnection",
                "connection::Engine",
                "connection::SequenceState",
                "models",
                "types",
            ],
        ),
        ("exchange", &["types"]),
        ("models", &["schema", "types", "session"]),
        ("schema", &["types"]),
        ("migrations", &["connection", "database"]),
        ("types", &[]),
        ("connection", &[]),
        ("database", &[]),
        ("session", &[]),
        ("error", &[]),
    ],
};

/// The one room that goes through the services, never to Diesel.
const WITHOUT_DIESEL: &str = "cli";

/// A file that outgrows this has two jobs.
const LONGEST: usize = 450;

#[test]
fn rooms_name_only_the_rooms_below_them() {
    let offences: Vec<String> =
        [SESSION, DERIVE, FOLIO].iter().flat_map(|house| offences(house, &sources(house.src))).collect();
    assert!(
        offences.is_empty(),
        "these paths go against the table of rooms in tests/house.rs:\n\n{}\n\n\
         Move the code to the room whose job it is, or offer what it needs from a room it may name.",
        offences.join("\n")
    );
}

#[test]
fn no_files_name_each_other_in_a_cycle() {
    for house in [SESSION, DERIVE, MIGRATE, FOLIO] {
        let cycle = cycles(&house, &sources(house.src));
        assert!(
            cycle.is_empty(),
            "these files of {} name each other in a cycle; move what both need below them:\n{}",
            house.name,
            cycle.join("\n")
        );
    }
    let file = |path: &str, text: &str| (format!("src/{path}"), text.to_owned());
    let files = [file("a.rs", "use super::b::f;"), file("b.rs", "use crate::c;"), file("c/mod.rs", "use crate::a;")];
    assert_eq!(cycles(&FOLIO, &files), ["src/a.rs", "src/b.rs", "src/c/mod.rs"]);
    let line = [file("a.rs", "mod x { use super::super::b; }"), file("b.rs", "use crate::a::x::y as z;")];
    assert_eq!(cycles(&FOLIO, &line), ["src/a.rs", "src/b.rs"]);
    assert!(cycles(&FOLIO, &files[..2]).is_empty());
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    let silent: Vec<String> = ["src", "tests", "benches", "examples", "session", "migrate", "testing/src"]
        .into_iter()
        .flat_map(sources)
        .filter(|(path, text)| {
            // The library's page is the README, schema.rs says that it is generated, and two folders hold cases for the compiler
            // to refuse and parts of examples.
            let excused = ["#![doc = include_str!", "// @generated"].iter().any(|opening| text.starts_with(opening))
                || ["session/tests/compile_fail/", "session/docs/"].iter().any(|folder| path.starts_with(folder));
            !(text.starts_with("//! ") || excused || text.trim().is_empty())
        })
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "these files do not open with `//! what they are for`:\n{}", silent.join("\n"));
}

#[test]
fn no_file_has_two_jobs() {
    let long: Vec<String> = ["src", "session/src", "session/derive/src", "session/conformance/src", "migrate/src"]
        .into_iter()
        .flat_map(sources)
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect();
    assert!(
        long.is_empty(),
        "these files have more than {LONGEST} lines; give the second job a file:\n{}",
        long.join("\n")
    );
}

#[test]
fn the_list_of_tables_has_every_table_of_the_schema() {
    struct Names(Vec<&'static str>);

    impl folio::services::tables::Visit for Names {
        type Error = folio::Error;

        fn visit<R: folio::services::tables::Row>(&mut self) -> folio::Result<()> {
            self.0.push(R::table().name);
            Ok(())
        }
    }

    let schema = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/schema.rs")).unwrap();
    let named = schema.split("table! {").skip(1).map(|table| table.split('(').next().unwrap().trim());
    let mut declared: Vec<&str> = named.collect();
    assert!(declared.len() >= 4, "{declared:?}");
    let mut listed = Names(Vec::new());
    folio::services::tables::each(&mut listed).unwrap();
    // The session declares the history's table itself.
    declared.push("diesel_session_history");
    declared.sort_unstable();
    listed.0.sort_unstable();
    assert_eq!(listed.0, declared, "src/services/tables.rs must list every table of src/schema.rs, and once");
}

#[test]
fn all_output_of_the_program_passes_the_gates_that_escape_it() {
    // The gates themselves; help and a slip of clap's, in its colours; a listing's writer.
    const GATES: [&str; 5] = [
        "src/cli/output.rs",
        "src/cli/output/pager.rs",
        "src/cli/stderr.rs",
        "src/cli/arguments.rs",
        "src/cli/open.rs",
    ];
    let writes = |line: &str| {
        let line = line.replace("of_stdout()", "");
        ["print!(", "println!(", "stdout()", "stderr()", ".print()"].iter().any(|word| line.contains(word))
    };
    let beside: Vec<String> = sources("src")
        .into_iter()
        .filter(|(path, _)| !GATES.contains(&path.as_str()))
        .flat_map(|(path, text)| {
            let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("//") && writes(line));
            lines.map(|line| format!("{path}: {line}")).collect::<Vec<_>>()
        })
        .collect();
    assert!(beside.is_empty(), "write by way of stderr.rs or output.rs:\n{}", beside.join("\n"));
}

// --- reading the house ---

/// Every Rust file under a folder of the repository, as (path from the repository's root, text), in order of path.
fn sources(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name: PathBuf = path.strip_prefix(root).unwrap().components().collect();
                files.push((name.to_str().unwrap().replace('\\', "/"), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// The module that a file of `src` is: none for the doors `lib.rs` and `main.rs`.
fn module_of(house: &House, path: &str) -> Vec<String> {
    let inner = path.trim_start_matches(house.src).trim_end_matches(".rs");
    let mut module: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if module.len() > 1 && module.last().is_some_and(|name| name == "mod") {
        module.pop();
    }
    if module == ["lib"] || module == ["main"] {
        module.clear();
    }
    module
}

/// A path that the source names, from the crate's root on.
#[derive(Debug)]
struct Named {
    path: Vec<String>,
    alias: Option<String>,
    line: usize,
}

/// What stands in one file.
#[derive(Default)]
struct Found {
    /// `crate::…`, `folio::…`, `super::…` and `self::…`, resolved.
    named: Vec<Named>,
    /// Paths of `pub use`, as written.
    offered: Vec<Named>,
    /// Names of `macro_rules!`.
    macros: Vec<String>,
    /// Lines that name Diesel.
    diesel: Vec<usize>,
}

impl Found {
    fn in_file(house: &House, path: &str, text: &str) -> Self {
        let tokens: TokenStream = text.parse().unwrap_or_else(|problem| panic!("{path} is no Rust: {problem}"));
        let mut found = Self::default();
        found.walk(house, tokens, &module_of(house, path));
        found
    }

    fn walk(&mut self, house: &House, tokens: TokenStream, module: &[String]) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < trees.len() {
            match &trees[at] {
                TokenTree::Group(group) => self.walk(house, group.stream(), module),
                TokenTree::Ident(ident) => match ident.to_string().as_str() {
                    "mod" => {
                        if let [Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))] =
                            [trees.get(at + 1), trees.get(at + 2)]
                        {
                            self.walk(house, body.stream(), &[module, &[name.to_string()]].concat());
                            at += 2;
                        }
                    }
                    "macro_rules" => self.macros.extend(trees.get(at + 2).map(ToString::to_string)),
                    "use" if offers(&trees[..at]) => {
                        expand(&trees, at + 1, Vec::new(), &mut self.offered);
                    }
                    "diesel" | "diesel_migrations" => self.diesel.push(ident.span().start().line),
                    _ => {}
                },
                _ => {}
            }
            if let Some(root) = root_of(house, &trees, at, module) {
                at = expand(&trees, at + 3, root, &mut self.named);
            } else {
                at += 1;
            }
        }
    }
}

/// Whether `pub` or `pub(…)` ends here.
fn offers(before: &[TokenTree]) -> bool {
    match before {
        [.., TokenTree::Ident(ident)] => ident == "pub",
        [.., TokenTree::Ident(ident), TokenTree::Group(_)] => ident == "pub",
        _ => false,
    }
}

/// Where a path begins that names something of ours, the module that its first word stands for.
fn root_of(house: &House, trees: &[TokenTree], at: usize, module: &[String]) -> Option<Vec<String>> {
    let TokenTree::Ident(first) = trees.get(at)? else { return None };
    if !colons(trees, at + 1) {
        return None;
    }
    let continued = at >= 2 && colons(trees, at - 2);
    match first.to_string().as_str() {
        "crate" => Some(Vec::new()),
        // `::folio::…` too; but `a::folio::…` is someone else's.
        name if name == house.name && (!continued || at < 3 || !matches!(trees[at - 3], TokenTree::Ident(_))) => {
            Some(Vec::new())
        }
        "super" if !continued => Some(module.split_last().map_or(Vec::new(), |(_, parents)| parents.to_vec())),
        "self" if !continued => Some(module.to_vec()),
        _ => None,
    }
}

fn colons(trees: &[TokenTree], at: usize) -> bool {
    let colon = |tree: Option<&TokenTree>| matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    colon(trees.get(at)) && colon(trees.get(at + 1))
}

/// Follows a path from `at`, branches of `{…}` included, and returns where it ends.
fn expand(trees: &[TokenTree], mut at: usize, mut path: Vec<String>, into: &mut Vec<Named>) -> usize {
    let mut line = trees.get(at.saturating_sub(1)).map_or(0, |tree| tree.span().start().line);
    loop {
        match trees.get(at) {
            Some(TokenTree::Ident(ident)) => {
                line = ident.span().start().line;
                match ident.to_string().as_str() {
                    "super" => drop(path.pop()),
                    "self" => {}
                    name => path.push(name.to_owned()),
                }
                at += 1;
            }
            Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
                path.push("*".to_owned());
                at += 1;
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let comma = |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ',');
                for branch in inner.split(comma).filter(|branch| !branch.is_empty()) {
                    expand(branch, 0, path.clone(), into);
                }
                return at + 1;
            }
            _ => {}
        }
        if !colons(trees, at) {
            break;
        }
        at += 2;
    }
    let alias = match [trees.get(at), trees.get(at + 1)] {
        [Some(TokenTree::Ident(word)), Some(TokenTree::Ident(alias))] if word == "as" => Some(alias.to_string()),
        _ => None,
    };
    into.push(Named { path, alias, line });
    at
}

// --- judging it ---

/// The files that name each other in a cycle, or stand between two cycles. A module and those inside it are one.
fn cycles(house: &House, files: &[(String, String)]) -> Vec<String> {
    let modules: BTreeMap<Vec<String>, &str> =
        files.iter().map(|(path, _)| (module_of(house, path), path.as_str())).collect();
    let is_inside = |one: &[String], other: &[String]| one.starts_with(other) || other.starts_with(one);
    let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (path, text) in files {
        let own = module_of(house, path);
        for Named { path: target, .. } in Found::in_file(house, path, text).named {
            let file =
                (1..=target.len()).rev().map(|length| &target[..length]).find(|start| modules.contains_key(*start));
            if let Some(module) = file.filter(|module| !is_inside(module, &own)) {
                named.entry(path).or_default().insert(modules[module]);
            }
        }
    }
    loop {
        let namers: BTreeSet<&str> = named.keys().copied().collect();
        let all: BTreeSet<&str> = named.values().flatten().copied().collect();
        let before = named.values().map(BTreeSet::len).sum::<usize>();
        // Who names nobody any more, and who is named by nobody, is in no cycle.
        named.values_mut().for_each(|targets| targets.retain(|target| namers.contains(target)));
        named.retain(|file, targets| all.contains(file) && !targets.is_empty());
        if named.values().map(BTreeSet::len).sum::<usize>() == before {
            return named.into_keys().map(str::to_owned).collect();
        }
    }
}

/// Every path that the table forbids, as `file:line: what is wrong`.
fn offences(house: &House, files: &[(String, String)]) -> Vec<String> {
    let found: Vec<(&str, Vec<String>, Found)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), module_of(house, path), Found::in_file(house, path, text)))
        .collect();

    // What lib.rs and the rooms' own mod.rs offer under a shorter name, and where macros of the crate's root come from.
    let mut shorter: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for (_, module, found) in found.iter().filter(|(_, module, _)| module.len() < 2) {
        for Named { path, alias, .. } in &found.offered {
            let (Some(first), Some(last)) = (path.first(), path.last()) else { continue };
            let is_own_room = house.rooms.iter().any(|(room, _)| room == last);
            if !is_own_room && (module.is_empty() || !(first == "crate" || first == house.name)) {
                let rest = if first == "crate" { &path[1..] } else { &path[..] };
                let name = alias.as_ref().unwrap_or(last).clone();
                shorter.insert([&module[..], &[name]].concat(), [module, rest].concat());
            }
        }
    }
    for (_, module, found) in found.iter().filter(|(_, module, _)| !module.is_empty()) {
        for name in &found.macros {
            shorter.entry(vec![name.clone()]).or_insert_with(|| vec![module[0].clone(), name.clone()]);
        }
    }

    let mut offences = Vec::new();
    for (file, module, found) in &found {
        let Some(room) = module.first() else { continue };
        let Some((_, allowed)) = house.rooms.iter().find(|(name, _)| name == room) else {
            offences.push(format!("{file}: `{room}` is no room of the table"));
            continue;
        };
        for Named { path, line, .. } in &found.named {
            let written = path.join("::");
            let mut path = path.clone();
            for length in [1, 2] {
                if let Some(longer) = path.get(..length).and_then(|start| shorter.get(start)) {
                    path = [&longer[..], &path[length..]].concat();
                }
            }
            let Some(target) = path.first() else { continue };
            let foreign = target.starts_with("diesel_session") && target != house.name;
            let may =
                |entry: &&str| entry.split("::").eq(path.iter().take(entry.split("::").count()).map(String::as_str));
            if foreign || target == room || target == "error" || allowed.iter().any(may) {
                continue;
            }
            let problem = if target == "*" {
                "names every room at once".to_owned()
            } else if house.rooms.iter().any(|(room, _)| room == target) {
                format!(
                    "`{room}` may name {} only",
                    if allowed.is_empty() { "nothing".into() } else { allowed.join(", ") }
                )
            } else {
                "is no room, nor offered by src/lib.rs from one".to_owned()
            };
            offences.push(format!("{file}:{line}: `crate::{written}`: {problem}"));
        }
        if room == WITHOUT_DIESEL {
            offences.extend(found.diesel.iter().map(|line| format!("{file}:{line}: `{room}` may not name Diesel")));
        }
    }
    offences
}

#[test]
fn the_scan_finds_every_way_to_name_a_room() {
    let scan = |house: &House, path: &str, text: &str| {
        let lib = "pub mod a; pub use error::{Error, Result}; pub use session::Session; pub use types::Id as Key;";
        let session = "mod entity; pub use entity::{Entity, Ref}; pub use unit::Session;";
        let types = "#[macro_export] macro_rules! an_enum { () => { $crate::connection::x() } }";
        let mut files: Vec<(String, String)> = [("lib.rs", lib), ("session/mod.rs", session), ("types/mod.rs", types)]
            .map(|(path, text)| (format!("{}{path}", house.src), text.to_owned()))
            .into();
        files.push((format!("{}{path}", house.src), text.to_owned()));
        offences(house, &files).join("\n")
    };
    let named = |path: &str, text: &str| !scan(&SESSION, path, text).is_empty();

    // In uses, flat and nested, renamed, by the crate's own name, in code, in types, in macros.
    assert!(named("session/plan.rs", "use crate::models::User;"));
    assert!(named("session/plan.rs", "use crate::{error::Error, connection::{self}, models::{user::User}};"));
    assert!(named("session/plan.rs", "use crate::models as entities;"));
    assert!(named("connection/any.rs", "fn f() -> diesel_session::types::Id<()> { todo!() }"));
    assert!(named("session/plan.rs", "fn f() { ::diesel_session::models::find() }"));
    assert!(named("session/plan.rs", "macro_rules! m { () => { $crate::schema::users::table } }"));
    assert!(named("session/plan.rs", "fn f() { println!(\"{}\", crate::schema::NAME) }"));
    assert!(named("session/plan.rs", "use crate::*;"));
    // Up through `super`, from nested modules too.
    assert!(named("session/plan.rs", "use super::super::models;"));
    assert!(named("session/sql/insert.rs", "use super::super::super::{connection, models};"));
    assert!(named("error.rs", "use super::connection;"));
    assert!(named("error.rs", "mod tests { use super::super::connection; }"));
    // Through what the root offers.
    assert!(named("connection/any.rs", "use crate::Session;"));
    assert!(named("connection/any.rs", "use crate::Key;"));
    assert!(named("connection/any.rs", "crate::an_enum! {}"));
    assert!(named("session/plan.rs", "use crate::unheard_of;"));
    // Diesel in the command line, and a room that the table lacks.
    assert_ne!(scan(&FOLIO, "cli/mod.rs", "use diesel::prelude::*;"), "");
    assert!(named("attic.rs", ""));

    for (path, text) in [
        ("session/plan.rs", "use crate::{Error, Result, connection::Engine, session::Entity}; use super::*;"),
        ("session/plan.rs", "// crate::models\n/// crate::models\nconst A: &str = \"crate::models\";"),
        ("session/sql/insert.rs", "use super::super::entity; use super::super::super::connection;"),
        ("session/plan.rs", "mod tests { use super::*; use super::super::entity; }"),
        (
            "session/plan.rs",
            "use other::crates::models; use a::diesel_session::models; pub(crate) fn f() { Self::models() }",
        ),
        ("types/status.rs", "crate::an_enum! {}"),
    ] {
        assert_eq!(scan(&SESSION, path, text), "", "{text}");
    }
    let found = scan(&FOLIO, "models/user.rs", "\nuse crate::services::users;\n");
    assert_eq!(
        found.lines().last().unwrap(),
        "src/models/user.rs:2: `crate::services::users`: `models` may name schema, types, session only"
    );
}
