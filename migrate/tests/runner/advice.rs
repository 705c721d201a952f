//! What docs/lint.md says to write instead runs on the engine.

use super::*;
use crate::page::{sections, written};

#[test]
fn what_the_page_says_to_write_instead_runs() {
    let engine = empty().db.connection().unwrap().engine();
    let mut run = 0;
    for section in sections() {
        let rule = diesel_migrate::RULES.iter().find(|rule| rule.name == section.rule).unwrap();
        for example in section.examples.iter().filter(|example| example.is_for(engine)) {
            if rule.engines.contains(&engine) {
                let (empty, folder) = (empty(), written(example.good));
                let applied = empty.db.migrate(&shop(&folder));
                assert!(applied.is_ok_and(|applied| applied.len() > 1), "{}:\n{}", section.rule, example.good);
                run += 1;
            }
        }
    }
    assert!(run > 10, "{run}");
}
