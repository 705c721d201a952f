//! What does not compile, and what the compiler says about it: wrong attributes, and use of the session that its
//! contract forbids (the numbers are those of `docs/session.md`).
//!
//! The messages are those of one toolchain; `TRYBUILD=overwrite cargo test --test compile_fail` blesses new ones. They do
//! not depend on the engines, so that a build with servers need not compile everything once more for them.

#![cfg(not(any(feature = "postgres", feature = "mysql")))]

#[test]
fn wrong_programs_are_refused_with_messages_that_help() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
