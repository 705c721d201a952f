//! Near misses: the name that a mistyped one was meant to be, and the verb that another program has for one of Folio's.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Verbs of other programs, and what they are called here.
const VERBS: &[(&str, &[&str])] = &[
    ("get", &["show", "view", "cat", "display", "describe", "info", "read"]),
    ("list", &["ls", "all", "index"]),
    ("add", &["new", "create", "insert"]),
    ("edit", &["update", "set", "change", "modify", "rename"]),
    ("remove", &["delete", "del", "rm", "destroy", "drop"]),
    ("search", &["find", "grep", "query", "lookup"]),
    ("import", &["load", "read", "ingest", "sync", "restore"]),
    ("copy", &["clone", "backup", "dump", "export", "move"]),
    ("create", &["init", "new", "setup"]),
    ("up", &["upgrade", "run", "apply", "latest", "migrate", "deploy"]),
    ("down", &["downgrade", "revert", "rollback", "undo"]),
    ("status", &["info", "history", "list", "ls", "current", "show"]),
    ("new", &["add", "create", "generate", "revision", "make"]),
    ("open", &["browse", "web", "view"]),
    ("sql", &["query", "select", "exec", "execute", "shell"]),
    ("user", &["users", "account", "accounts", "person", "people"]),
    ("repo", &["repos", "repository", "repositories"]),
    ("resume", &["resumes", "cv"]),
    ("note", &["notes"]),
    ("db", &["database"]),
];

/// The error, with the command that was meant if that has another name in other programs.
pub(super) fn verb(mut error: clap::Error, program: &clap::Command) -> clap::Error {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return error;
    }
    let Some(ContextValue::String(written)) = error.get(ContextKind::InvalidSubcommand) else { return error };
    let written = written.clone();
    let mut at = program;
    for argument in std::env::args().skip(1).take_while(|argument| *argument != written) {
        at = at.find_subcommand(&argument).unwrap_or(at);
    }
    let is_here = |name: &str| at.find_subcommand(name).is_some();
    let meant = VERBS.iter().filter(|(name, others)| others.contains(&written.as_str()) && is_here(name));
    let meant: Vec<String> = meant.map(|(name, _)| (*name).to_owned()).collect();
    if !meant.is_empty() {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(meant));
    }
    error
}

/// The candidate nearest to a word, if it is near enough to have been meant.
pub(super) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let word = word.to_lowercase();
    let most = word.chars().count() / 3 + 1;
    let distances = candidates.into_iter().map(|candidate| (distance(&word, candidate), candidate));
    let near = distances.filter(|(distance, candidate)| *distance <= most && *distance < candidate.chars().count());
    near.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// The number of letters to add, remove, replace or exchange with their neighbour that make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, with) in other.iter().enumerate() {
            let replaced = last[column] + usize::from(letter != with);
            let mut least = replaced.min(last[column + 1] + 1).min(next[column] + 1);
            let is_exchanged = row > 0 && column > 0 && *letter == other[column - 1] && one[row - 1] == *with;
            if is_exchanged {
                least = least.min(before_last[column - 1] + 1);
            }
            next.push(least);
        }
        before_last = std::mem::replace(&mut last, next);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        let names = ["id", "stars", "status", "language", "updated"];
        assert_eq!(nearest("sars", names), Some("stars"));
        assert_eq!(nearest("Alnguage", names), Some("language"));
        assert_eq!(nearest("update", names), Some("updated"));
        assert_eq!(nearest("di", names), Some("id"));
        assert_eq!(nearest("xyz", names), None);
        assert_eq!(nearest("", names), None);
    }
}
