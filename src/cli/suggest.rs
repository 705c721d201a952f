//! Near misses: the name that a mistyped one was meant to be.

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
