//! Finds the nodes of a graph that lead to each other.

use super::adjacency::Adjacency;

/// For each node, the first of the nodes that it forms a cycle with, or the node itself if it is in none.
///
/// Tarjan's algorithm for strongly connected components ("Depth-first search and linear graph algorithms", 1972), with a
/// path of its own instead of recursion: a chain of references may be as long as a table.
pub(super) fn cycles(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let from = Adjacency::new(nodes, edges.iter().map(|(first, _)| *first).enumerate());
    let mut search = Search {
        numbers: vec![None; nodes],
        earliest: vec![0; nodes],
        firsts: vec![None; nodes],
        open: Vec::new(),
        found: 0,
    };
    // The nodes from the start of the search to the current one, and how many edges of each were followed.
    let mut path: Vec<(usize, usize)> = Vec::new();
    for start in 0..nodes {
        if search.numbers[start].is_none() {
            search.find(start);
            path.push((start, 0));
        }
        while let Some((node, followed)) = path.last_mut() {
            let node = *node;
            if let Some(edge) = from.of(node).get(*followed) {
                *followed += 1;
                let next = edges[*edge].1;
                match search.numbers[next] {
                    None => {
                        search.find(next);
                        path.push((next, 0));
                    }
                    Some(number) if search.firsts[next].is_none() => search.reaches(node, number),
                    Some(_) => {}
                }
            } else {
                path.pop();
                search.close(node);
                if let Some((before, _)) = path.last() {
                    search.reaches(*before, search.earliest[node]);
                }
            }
        }
    }
    search.firsts.into_iter().enumerate().map(|(node, first)| first.unwrap_or(node)).collect()
}

struct Search {
    /// The number of each node in the order in which they were found.
    numbers: Vec<Option<usize>>,
    /// The least number of an open node that each node leads to.
    earliest: Vec<usize>,
    /// The first node of each node's cycle, once it is known.
    firsts: Vec<Option<usize>>,
    /// Nodes whose cycle is not known yet, in the order in which they were found.
    open: Vec<usize>,
    found: usize,
}

impl Search {
    fn find(&mut self, node: usize) {
        (self.numbers[node], self.earliest[node]) = (Some(self.found), self.found);
        self.open.push(node);
        self.found += 1;
    }

    fn reaches(&mut self, node: usize, number: usize) {
        self.earliest[node] = self.earliest[node].min(number);
    }

    /// Completes the cycle that was entered at `node`, if it was.
    fn close(&mut self, node: usize) {
        if self.numbers[node] != Some(self.earliest[node]) {
            return;
        }
        let start = self.open.iter().rposition(|open| *open == node).unwrap_or(0);
        let cycle = self.open.split_off(start);
        let first = cycle.iter().copied().min();
        cycle.into_iter().for_each(|node| self.firsts[node] = first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_that_lead_to_each_other_have_the_same_first_node() {
        assert_eq!(cycles(6, &[(1, 0), (2, 1), (1, 2), (2, 3), (4, 5), (5, 4), (3, 4)]), [0, 1, 1, 3, 4, 4]);
    }

    #[test]
    fn two_cycles_that_share_a_node_are_one() {
        assert_eq!(cycles(4, &[(3, 1), (1, 3), (3, 2), (2, 3)]), [0, 1, 1, 1]);
    }

    #[test]
    fn a_chain_may_be_as_long_as_a_table() {
        let edges: Vec<(usize, usize)> = (1..500_000).map(|node| (node, node - 1)).collect();
        assert!(cycles(500_000, &edges).into_iter().eq(0..500_000));
    }
}
