//! Orders the rows of a flush that wait for each other: a topological sort that keeps the rows of one step together and
//! knows which dependencies the database may not enforce.

use std::collections::{BTreeMap, HashMap};

/// Why a row waits for another, in the order in which dependencies are given up; those from `Parent` on never are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    /// A value that is not in memory may collide.
    Unknown,
    /// The other one refers to what this one removes. The database may not enforce it: it cascades, or checks later.
    Releases,
    /// The other one will refer to what this one removes. The database refuses one of them, unless it cascades.
    Uses,
    /// This one refers to a value that the other one provides.
    Provides,
    /// This one refers to the key that the database gives the other one.
    Parent,
    /// The other one refers by its handle to the row that this one deletes, and needs it in memory.
    Handle,
    /// This one reuses a unique value of the other one; the number identifies the unique index to the caller
    /// that added the edge.
    Reuses(usize),
}

/// One row waits for another: `then` for `first`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) first: usize,
    pub(crate) then: usize,
    pub(crate) why: Why,
}

/// The rows, numbered in the order in which they are sent without dependencies, and their dependencies. A row has the
/// index of its step; a barrier has none and represents no row: many rows wait for it, and it waits for many.
#[derive(Debug)]
pub(crate) struct Graph {
    steps: Vec<Option<usize>>,
    edges: Vec<Edge>,
}

/// Rows of one step that are sent together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StepRows {
    pub(crate) step: usize,
    pub(crate) rows: Vec<usize>,
}

impl Graph {
    pub(crate) fn new(steps: impl Iterator<Item = usize>) -> Self {
        Self { steps: steps.map(Some).collect(), edges: Vec::new() }
    }

    pub(crate) fn has_edges(&self) -> bool {
        !self.edges.is_empty()
    }

    /// Makes one row wait for another; no row waits for itself.
    pub(crate) fn edge(&mut self, first: usize, then: usize, why: Why) {
        if first != then {
            self.edges.push(Edge { first, then, why });
        }
    }

    /// Makes each row of `then` wait for each of `first`, with as many edges as rows instead of their product.
    pub(crate) fn barrier(&mut self, first: &[usize], then: &[usize], why: Why) {
        if first.is_empty() || then.is_empty() {
            return;
        }
        let barrier = self.steps.len();
        self.steps.push(None);
        first.iter().for_each(|row| self.edge(*row, barrier, why));
        then.iter().for_each(|row| self.edge(barrier, *row, why));
    }

    /// Sorts the rows: steps keep their order, and rows that an earlier step waits for are sent before that step.
    ///
    /// A cycle is broken at a dependency that the database may not enforce; a cycle without one is returned as the
    /// error.
    pub(crate) fn sort(&self) -> Result<Vec<StepRows>, Vec<Edge>> {
        let mut adjacency = Adjacency::of(self);
        let order = self.break_cycles(&mut adjacency)?;
        // The earliest step that waits for the row, which decides when the row is sent.
        let mut needed: Vec<usize> = self.steps.iter().map(|step| step.unwrap_or(usize::MAX)).collect();
        for node in order.iter().rev() {
            for edge in adjacency.from(*node) {
                needed[*node] = needed[*node].min(needed[self.edges[edge].then]);
            }
        }
        Ok(self.groups(&adjacency, &needed))
    }

    /// Gives up edges until there is no cycle left, and returns the nodes in an order that satisfies the others.
    fn break_cycles(&self, adjacency: &mut Adjacency) -> Result<Vec<usize>, Vec<Edge>> {
        let mut waits = adjacency.waits();
        let mut order: Vec<usize> = (0..waits.len()).filter(|node| waits[*node] == 0).collect();
        let (mut done, mut stuck) = (0, 0);
        loop {
            while let Some(node) = order.get(done).copied() {
                done += 1;
                for edge in adjacency.from(node) {
                    self.satisfy(edge, &mut waits, &mut order);
                }
            }
            while waits.get(stuck) == Some(&0) {
                stuck += 1;
            }
            if stuck == waits.len() {
                return Ok(order);
            }
            let cycle = self.cycle(adjacency, &waits, stuck);
            match cycle.iter().copied().min_by_key(|edge| self.edges[*edge].why) {
                Some(weakest) if self.edges[weakest].why < Why::Parent => {
                    adjacency.kept[weakest] = false;
                    self.satisfy(weakest, &mut waits, &mut order);
                }
                _ => return Err(cycle.into_iter().map(|edge| self.edges[edge]).collect()),
            }
        }
    }

    /// Counts one dependency less for the row at the end of `edge`, which is ready after its last one.
    fn satisfy(&self, edge: usize, waits: &mut [usize], ready: &mut Vec<usize>) {
        let then = self.edges[edge].then;
        waits[then] -= 1;
        if waits[then] == 0 {
            ready.push(then);
        }
    }

    /// A cycle found backwards from a blocked node, given that every blocked node waits for another.
    fn cycle(&self, adjacency: &Adjacency, waits: &[usize], stuck: usize) -> Vec<usize> {
        let (mut seen, mut walked, mut node) = (HashMap::new(), Vec::new(), stuck);
        while seen.insert(node, walked.len()).is_none() {
            let Some(edge) = adjacency.to(node).find(|edge| waits[self.edges[*edge].first] > 0) else { break };
            walked.push(edge);
            node = self.edges[edge].first;
        }
        let begin = walked.iter().position(|edge| self.edges[*edge].then == node).unwrap_or(0);
        walked.drain(begin..).rev().collect()
    }

    /// Collects the rows that are ready, step by step: first those that an earlier step needs, then that step itself.
    fn groups(&self, adjacency: &Adjacency, needed: &[usize]) -> Vec<StepRows> {
        let mut waits = adjacency.waits();
        let mut ready: BTreeMap<(usize, bool, usize), Vec<usize>> = BTreeMap::new();
        let mut found: Vec<usize> = (0..waits.len()).filter(|node| waits[*node] == 0).collect();
        let mut groups = Vec::new();
        loop {
            while let Some(node) = found.pop() {
                match self.steps[node] {
                    Some(step) => ready.entry((needed[node], needed[node] == step, step)).or_default().push(node),
                    None => adjacency.from(node).for_each(|edge| self.satisfy(edge, &mut waits, &mut found)),
                }
            }
            let Some(((_, last, step), mut rows)) = ready.pop_first() else { return groups };
            if !last {
                // Rows of the same step that a later one needs are sent with them.
                for (_, more) in ready.extract_if(.., |(_, last, other), _| !*last && *other == step) {
                    rows.extend(more);
                }
            }
            rows.sort_unstable();
            for row in &rows {
                adjacency.from(*row).for_each(|edge| self.satisfy(edge, &mut waits, &mut found));
            }
            groups.push(StepRows { step, rows });
        }
    }
}

/// The edges of each node, and which of them are kept.
struct Adjacency {
    from: Vec<Vec<usize>>,
    to: Vec<Vec<usize>>,
    kept: Vec<bool>,
}

impl Adjacency {
    fn of(graph: &Graph) -> Self {
        let nodes = graph.steps.len();
        let (mut from, mut to) = (vec![Vec::new(); nodes], vec![Vec::new(); nodes]);
        for (number, edge) in graph.edges.iter().enumerate() {
            from[edge.first].push(number);
            to[edge.then].push(number);
        }
        Self { from, to, kept: vec![true; graph.edges.len()] }
    }

    fn from(&self, node: usize) -> impl Iterator<Item = usize> {
        self.from[node].iter().copied().filter(|edge| self.kept[*edge])
    }

    fn to(&self, node: usize) -> impl Iterator<Item = usize> {
        self.to[node].iter().copied().filter(|edge| self.kept[*edge])
    }

    /// The number of nodes that each node waits for.
    fn waits(&self) -> Vec<usize> {
        (0..self.to.len()).map(|node| self.to(node).count()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The steps and rows of a sorted graph, given the number of rows of each step and the edges.
    fn sorted(steps: &[usize], edges: &[(usize, usize, Why)]) -> Result<Vec<(usize, Vec<usize>)>, Vec<Edge>> {
        let mut graph = Graph::new(steps.iter().enumerate().flat_map(|(step, rows)| vec![step; *rows]));
        edges.iter().for_each(|(first, then, why)| graph.edge(*first, *then, *why));
        graph.sort().map(|groups| groups.into_iter().map(|group| (group.step, group.rows)).collect())
    }

    #[test]
    fn steps_without_dependencies_stay_whole_and_in_their_order() {
        assert_eq!(sorted(&[2, 1, 2], &[]).unwrap(), [(0, vec![0, 1]), (1, vec![2]), (2, vec![3, 4])]);
    }

    #[test]
    fn what_an_earlier_step_waits_for_is_sent_before_it_and_the_rest_stays() {
        let waits = [(4, 0, Why::Reuses(0)), (2, 4, Why::Releases)];
        assert_eq!(sorted(&[2, 1, 2], &waits).unwrap(), [(1, vec![2]), (2, vec![4]), (0, vec![0, 1]), (2, vec![3])]);
    }

    #[test]
    fn a_step_that_waits_for_what_waits_for_it_is_sent_in_two_parts() {
        let waits = [(0, 2, Why::Provides), (2, 3, Why::Releases), (3, 1, Why::Reuses(0))];
        assert_eq!(sorted(&[2, 1, 1], &waits).unwrap(), [(0, vec![0]), (1, vec![2]), (2, vec![3]), (0, vec![1])]);
    }

    #[test]
    fn a_chain_within_a_step_is_sent_from_its_end() {
        let waits = [(1, 0, Why::Reuses(0)), (2, 1, Why::Reuses(0))];
        assert_eq!(sorted(&[3], &waits).unwrap(), [(0, vec![2]), (0, vec![1]), (0, vec![0])]);
    }

    #[test]
    fn a_cycle_is_broken_where_the_database_may_not_insist() {
        let waits = [(0, 1, Why::Reuses(0)), (1, 0, Why::Releases), (1, 2, Why::Provides)];
        assert_eq!(sorted(&[1, 1, 1], &waits).unwrap(), [(0, vec![0]), (1, vec![1]), (2, vec![2])]);
    }

    #[test]
    fn a_cycle_of_reused_values_is_returned_and_nothing_else() {
        let waits = [(0, 1, Why::Reuses(0)), (1, 2, Why::Reuses(0)), (2, 1, Why::Reuses(1)), (2, 3, Why::Reuses(0))];
        let cycle = sorted(&[4], &waits).unwrap_err();
        assert_eq!(cycle.iter().map(|edge| (edge.first, edge.then)).collect::<Vec<_>>(), [(1, 2), (2, 1)]);
    }

    #[test]
    fn a_barrier_makes_many_wait_for_many() {
        let mut graph = Graph::new([0, 0, 1, 1].into_iter());
        graph.barrier(&[2, 3], &[0, 1], Why::Unknown);
        let groups = graph.sort().unwrap();
        assert_eq!(groups, [StepRows { step: 1, rows: vec![2, 3] }, StepRows { step: 0, rows: vec![0, 1] }]);
    }
}
