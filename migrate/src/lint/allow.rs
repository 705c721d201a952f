//! `-- lint: allow rule because reason`: the comments of a script that silence findings.

use diesel_session::connection::Engine;

use crate::statements::line;
use crate::tokens::tokens;

/// A comment that silences rules, or that was meant to.
#[derive(Debug)]
pub(crate) struct Allow {
    /// Its line in the script, from 1.
    pub(crate) line: usize,
    /// The number of the statement that it is before or in; `None` for the whole script.
    pub(crate) statement: Option<usize>,
    /// What stands between `allow` and `because`; empty if it is not of that form.
    pub(crate) rules: Vec<String>,
    pub(crate) has_reason: bool,
    /// The comment.
    pub(crate) text: String,
}

/// The allowing comments of a script whose statements end at these places.
pub(crate) fn allows(script: &str, engine: Engine, starts: &[usize], ends: &[usize]) -> Vec<Allow> {
    let first = starts.first().copied().unwrap_or(script.len());
    let mut allows = Vec::new();
    let mut from = 0;
    // Between two tokens there are comments and white space only.
    for gap in tokens(script, engine).map(|(_, range)| range).chain(std::iter::once(script.len()..script.len())) {
        for text in script[from..gap.start].split_inclusive('\n') {
            if let Some(meant) = text.trim_start().strip_prefix("--").and_then(|rest| rest.trim().strip_prefix("lint:"))
            {
                // At the end of a statement's line, it belongs to that statement.
                let statement = ends.iter().position(|end| end + 1 >= from).unwrap_or(ends.len());
                let statement = (from >= first).then_some(statement);
                allows.push(Allow::of(meant.trim(), line(script, from), statement));
            }
            from += text.len();
        }
        from = gap.end;
    }
    allows
}

impl Allow {
    fn of(meant: &str, line: usize, statement: Option<usize>) -> Self {
        let allowed = meant.strip_prefix("allow ").unwrap_or_default();
        let (rules, reason) = match allowed.split_once(" because") {
            Some((rules, reason)) => (rules, reason.trim()),
            None => (allowed, ""),
        };
        let rules = rules.split([',', ' ']).filter(|rule| !rule.is_empty()).map(str::to_owned).collect();
        Self { line, statement, rules, has_reason: !reason.is_empty(), text: format!("-- lint: {meant}") }
    }
}
