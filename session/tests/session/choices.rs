//! Random choices, drawn from bytes that proptest makes and shortens.

use diesel_session::connection::Engine;
use proptest::test_runner::Config;

/// The number of cases on SQLite, and on a server, where each statement is a round trip; `SESSION_TEST_CASES` replaces
/// both.
pub fn cases(engine: Engine, on_sqlite: u32, on_a_server: u32) -> Config {
    let given = std::env::var("SESSION_TEST_CASES").ok().map(|cases| cases.parse().expect("a number of cases"));
    let cases = given.unwrap_or(if engine == Engine::Sqlite { on_sqlite } else { on_a_server });
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// One choice after the other; when there are no more, every choice is the first.
pub struct Choices(pub std::vec::IntoIter<u8>);

impl Choices {
    pub fn is_empty(&self) -> bool {
        self.0.as_slice().is_empty()
    }

    pub fn of(&mut self, most: usize) -> usize {
        usize::from(self.0.next().unwrap_or(0)) % most.max(1)
    }

    pub fn yes(&mut self) -> bool {
        self.of(2) == 1
    }

    pub fn one<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.of(from.len())]
    }

    /// Takes one out, so that no two rows get the same.
    pub fn draw(&mut self, from: &mut Vec<i64>) -> i64 {
        from.remove(self.of(from.len()))
    }

    pub fn maybe(&mut self, from: &[i64]) -> Option<i64> {
        let choice = self.of(from.len() + 1);
        choice.checked_sub(1).map(|place| from[place])
    }
}
