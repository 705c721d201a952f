//! The topological sort of a flush: what others wait for is sent before them; otherwise everything keeps its order.
//!
//! Rows without dependencies stay with their step, so that only the others are sorted; rows of a step that are ready at
//! the same time are sent together.
//!
//! Dependencies may form cycles. If all of a cycle are references between rows of one statement, that statement sends
//! these rows together, because no other way can work. Any other cycle is broken at a dependency that the database may
//! not enforce; a cycle without one is an error.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::adjacency::Adjacency;
use super::cycles::cycles;
use super::graph::{Edge, Graph, Why};

/// Rows of one step that are sent together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StepRows {
    pub(super) step: usize,
    pub(super) rows: Vec<usize>,
}

/// A sorted graph, or what it needs.
#[derive(Debug)]
pub(super) enum Sorted {
    Rows(Vec<StepRows>),
    /// The numbers of the deferrals without which the rows have no order.
    Deferrals(Vec<usize>),
}

/// Sorts the rows: steps keep their order, and rows that an earlier step waits for are sent before that step.
///
/// # Errors
///
/// A cycle in which the database enforces every dependency.
pub(super) fn sort(graph: &Graph) -> Result<Sorted, Vec<Edge>> {
    let mut sort = Sort::of(graph);
    loop {
        let (groups, gave_up) = sort.run()?;
        if !sort.deferrals.is_empty() {
            return Ok(Sorted::Deferrals(sort.deferrals));
        }
        // Rows in a cycle came last; without the dependencies that were given up they have their place.
        if !gave_up {
            return Ok(Sorted::Rows(groups));
        }
    }
}

/// When rows are sent: before or at the turn of the earliest step that needs them, whether that is their own, and their
/// own step.
type Turn = (usize, bool, usize);

/// A sort of the rows and barriers that have dependencies.
struct Sort<'g> {
    graph: &'g Graph,
    /// The row or barrier of each node, ascending.
    rows: Vec<usize>,
    /// The step of each node.
    steps: Vec<Option<usize>>,
    /// The node that each node is sent with: the first one of its cycle, or itself.
    firsts: Vec<usize>,
    /// The rows that are sent with the row of a first node.
    with: HashMap<usize, Vec<usize>>,
    /// The two nodes of each edge, as first ones.
    ends: Vec<(usize, usize)>,
    from: Adjacency,
    to: Adjacency,
    /// Edges that do not count: within rows that are sent together, or given up.
    dropped: Vec<bool>,
    /// The deferrals of edges that were given up.
    deferrals: Vec<usize>,
}

impl<'g> Sort<'g> {
    fn of(graph: &'g Graph) -> Self {
        const NONE: usize = usize::MAX;
        let mut nodes = vec![NONE; graph.rows_and_barriers()];
        graph.edges.iter().for_each(|edge| (nodes[edge.first], nodes[edge.then]) = (0, 0));
        let rows: Vec<usize> = (0..nodes.len()).filter(|row| nodes[*row] != NONE).collect();
        rows.iter().enumerate().for_each(|(node, row)| nodes[*row] = node);
        let mut ends: Vec<(usize, usize)> =
            graph.edges.iter().map(|edge| (nodes[edge.first], nodes[edge.then])).collect();
        let firsts = sent_together(rows.len(), &graph.edges, &ends);
        ends.iter_mut().for_each(|(first, then)| (*first, *then) = (firsts[*first], firsts[*then]));
        let mut with: HashMap<usize, Vec<usize>> = HashMap::new();
        for (node, first) in firsts.iter().enumerate().filter(|(node, first)| node != *first) {
            with.entry(*first).or_default().push(rows[node]);
        }
        Self {
            steps: rows.iter().map(|row| graph.step_of(*row)).collect(),
            from: Adjacency::new(rows.len(), ends.iter().map(|(first, _)| *first).enumerate()),
            to: Adjacency::new(rows.len(), ends.iter().map(|(_, then)| *then).enumerate()),
            dropped: graph.edges.iter().zip(&ends).map(|(edge, (first, then))| edge.within && first == then).collect(),
            graph,
            rows,
            firsts,
            with,
            ends,
            deferrals: Vec::new(),
        }
    }

    /// Kahn's algorithm ("Topological sorting of large networks", 1962), which takes the nodes that are ready turn by
    /// turn. Where none is ready, it gives up a dependency and goes on; returns whether it did.
    fn run(&mut self) -> Result<(Vec<StepRows>, bool), Vec<Edge>> {
        let needed = self.needed();
        let mut independent: Vec<Vec<usize>> = (0..self.graph.steps()).map(|step| self.independent(step)).collect();
        let mut ready: BTreeMap<Turn, Vec<usize>> =
            (0..independent.len()).map(|step| ((step, true, step), Vec::new())).collect();
        let mut waits: Vec<usize> = (0..self.rows.len()).map(|node| self.kept(&self.to, node).count()).collect();
        let mut free: Vec<usize> = (0..waits.len()).filter(|node| waits[*node] == 0).collect();
        let (mut groups, mut blocked, mut gave_up) = (Vec::new(), 0, false);
        loop {
            while let Some(node) = free.pop() {
                match self.steps[node] {
                    _ if self.firsts[node] != node => {}
                    Some(step) => ready.entry((needed[node], needed[node] == step, step)).or_default().push(node),
                    None => self.satisfy_after(node, &mut waits, &mut free),
                }
            }
            if let Some(((_, is_own, step), mut nodes)) = ready.pop_first() {
                if !is_own {
                    // Rows of the same step that a later one needs are sent with them.
                    for (_, more) in ready.extract_if(.., |(_, is_own, other), _| !*is_own && *other == step) {
                        nodes.extend(more);
                    }
                }
                let mut rows = if is_own { std::mem::take(&mut independent[step]) } else { Vec::new() };
                for node in nodes {
                    rows.push(self.rows[node]);
                    rows.extend(self.with.get(&node).into_iter().flatten());
                    self.satisfy_after(node, &mut waits, &mut free);
                }
                rows.sort_unstable();
                if !rows.is_empty() {
                    groups.push(StepRows { step, rows });
                }
                continue;
            }
            blocked += waits[blocked..].iter().take_while(|waits| **waits == 0).count();
            if blocked == waits.len() {
                return Ok((groups, gave_up));
            }
            let edge = self.weakest(&self.cycle(&waits, blocked))?;
            (self.dropped[edge], gave_up) = (true, true);
            self.deferrals.extend(self.graph.edges[edge].deferral);
            self.satisfy(edge, &mut waits, &mut free);
        }
    }

    /// The earliest step that waits for each node, or its own.
    fn needed(&self) -> Vec<usize> {
        let (mut needed, mut reached) = (vec![usize::MAX; self.rows.len()], Vec::new());
        // Rows are numbered in the order of the steps, so the first step that reaches a node is the earliest.
        for (node, step) in self.steps.iter().enumerate().filter_map(|(node, step)| Some((node, (*step)?))) {
            reached.push(self.firsts[node]);
            while let Some(node) = reached.pop() {
                if needed[node] == usize::MAX {
                    needed[node] = step;
                    reached.extend(self.kept(&self.to, node).map(|edge| self.ends[edge].0));
                }
            }
        }
        needed
    }

    /// The rows of a step that have no dependencies.
    fn independent(&self, step: usize) -> Vec<usize> {
        let rows = self.graph.starts[step]..self.graph.starts[step + 1];
        let mut others = self.rows[self.rows.partition_point(|row| *row < rows.start)..].iter().peekable();
        rows.filter(|row| others.next_if_eq(&row).is_none()).collect()
    }

    /// The edges at a node that still count.
    fn kept<'a>(&'a self, edges: &'a Adjacency, node: usize) -> impl Iterator<Item = usize> + 'a {
        edges.of(node).iter().copied().filter(|edge| !self.dropped[*edge])
    }

    fn satisfy_after(&self, node: usize, waits: &mut [usize], free: &mut Vec<usize>) {
        self.kept(&self.from, node).for_each(|edge| self.satisfy(edge, waits, free));
    }

    /// Counts one dependency less for the node at the end of `edge`, which is free after its last one.
    fn satisfy(&self, edge: usize, waits: &mut [usize], free: &mut Vec<usize>) {
        let then = self.ends[edge].1;
        waits[then] -= 1;
        if waits[then] == 0 {
            free.push(then);
        }
    }

    /// A cycle found backwards from a blocked node, given that every blocked node waits for another.
    fn cycle(&self, waits: &[usize], blocked: usize) -> Vec<usize> {
        let (mut seen, mut walked, mut node) = (HashSet::new(), Vec::new(), blocked);
        while seen.insert(node) {
            let Some(edge) = self.kept(&self.to, node).find(|edge| waits[self.ends[*edge].0] > 0) else { break };
            walked.push(edge);
            node = self.ends[edge].0;
        }
        let begin = walked.iter().position(|edge| self.ends[*edge].1 == node).unwrap_or(0);
        walked.drain(begin..).rev().collect()
    }

    /// The dependency of a cycle that is given up first, unless the database enforces all. One that is certain to be
    /// needless once something is deferred comes before those that the database may enforce.
    fn weakest(&self, cycle: &[usize]) -> Result<usize, Vec<Edge>> {
        let edge = |edge: &usize| &self.graph.edges[*edge];
        let strength = |number: &usize| {
            let Edge { why, deferral, .. } = edge(number);
            (*why != Why::Unknown, deferral.is_none(), *why)
        };
        // The database may delete the row that refers to a deleted one, and then there is nothing to write apart.
        let to_deleted = cycle.iter().any(|number| edge(number).why == Why::Handle);
        let may_be_given_up =
            |number: &usize| edge(number).why < Why::Parent || (edge(number).deferral.is_some() && !to_deleted);
        let weakest = cycle.iter().copied().filter(may_be_given_up).min_by_key(strength);
        weakest.ok_or_else(|| cycle.iter().map(|edge| self.graph.edges[*edge]).collect())
    }
}

/// For each node, the first node of its cycle of references within a statement, or itself. A cycle in which one row
/// waits for another for a different reason is not sent together.
fn sent_together(nodes: usize, edges: &[Edge], ends: &[(usize, usize)]) -> Vec<usize> {
    let ends =
        |within: bool| edges.iter().zip(ends).filter(move |(edge, _)| edge.within == within).map(|(_, ends)| *ends);
    let mut firsts = cycles(nodes, &ends(true).collect::<Vec<_>>());
    let torn = ends(false).filter(|(first, then)| firsts[*first] == firsts[*then]);
    let torn: HashSet<usize> = torn.map(|(first, _)| firsts[first]).collect();
    for (node, first) in firsts.iter_mut().enumerate().filter(|(_, first)| torn.contains(first)) {
        *first = node;
    }
    firsts
}

#[cfg(test)]
mod tests {
    use super::*;

    type Edges<'e> = &'e [(usize, usize, Why)];

    /// The steps and rows of a sorted graph, given the number of rows of each step, the edges, and those within a
    /// statement.
    fn sorted_within(
        steps: &[usize],
        edges: Edges<'_>,
        within: Edges<'_>,
    ) -> Result<Vec<(usize, Vec<usize>)>, Vec<Edge>> {
        let mut graph = Graph::new(steps.iter().copied());
        edges.iter().for_each(|(first, then, why)| graph.edge(*first, *then, *why));
        within.iter().for_each(|(first, then, why)| graph.edge_within(*first, *then, *why));
        rows_of(sort(&graph)).map(|groups| groups.into_iter().map(|group| (group.step, group.rows)).collect())
    }

    fn rows_of(sorted: Result<Sorted, Vec<Edge>>) -> Result<Vec<StepRows>, Vec<Edge>> {
        sorted.map(|sorted| match sorted {
            Sorted::Rows(groups) => groups,
            Sorted::Deferrals(numbers) => panic!("{numbers:?}"),
        })
    }

    fn sorted(steps: &[usize], edges: Edges<'_>) -> Result<Vec<(usize, Vec<usize>)>, Vec<Edge>> {
        sorted_within(steps, edges, &[])
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
    fn a_row_is_sent_in_a_later_group_of_its_step_than_the_row_it_waits_for() {
        let waits = [(1, 0, Why::Parent), (2, 1, Why::Parent), (2, 3, Why::Parent)];
        assert_eq!(sorted(&[5], &waits).unwrap(), [(0, vec![2, 4]), (0, vec![1, 3]), (0, vec![0])]);
    }

    #[test]
    fn a_cycle_is_broken_where_the_database_may_not_insist() {
        let waits = [(0, 1, Why::Reuses(0)), (1, 0, Why::Releases), (1, 2, Why::Provides)];
        assert_eq!(sorted(&[1, 1, 1], &waits).unwrap(), [(0, vec![0]), (1, vec![1]), (2, vec![2])]);
    }

    #[test]
    fn rows_in_a_broken_cycle_are_sent_in_the_turn_of_their_step() {
        let waits = [(0, 1, Why::Reuses(0)), (1, 0, Why::Releases)];
        assert_eq!(sorted(&[2, 1], &waits).unwrap(), [(0, vec![0]), (0, vec![1]), (1, vec![2])]);
    }

    #[test]
    fn a_cycle_of_reused_values_is_returned_and_nothing_else() {
        let waits = [(0, 1, Why::Reuses(0)), (1, 2, Why::Reuses(0)), (2, 1, Why::Reuses(1)), (2, 3, Why::Reuses(0))];
        let cycle = sorted(&[4], &waits).unwrap_err();
        assert_eq!(cycle.iter().map(|edge| (edge.first, edge.then)).collect::<Vec<_>>(), [(1, 2), (2, 1)]);
    }

    #[test]
    fn a_row_that_needs_its_own_key_is_a_cycle() {
        let cycle = sorted(&[2], &[(1, 1, Why::Parent), (0, 0, Why::Releases)]).unwrap_err();
        assert_eq!(cycle.iter().map(|edge| (edge.first, edge.then)).collect::<Vec<_>>(), [(1, 1)]);
    }

    #[test]
    fn rows_that_refer_to_each_other_in_a_statement_stay_together_and_no_others_with_them() {
        let waits: Vec<_> = [(1, 2), (2, 3), (3, 2), (3, 4), (4, 5)].map(|(one, two)| (one, two, Why::Provides)).into();
        let groups = sorted_within(&[6], &[], &waits).unwrap();
        assert_eq!(groups, [(0, vec![0, 1]), (0, vec![2, 3]), (0, vec![4]), (0, vec![5])]);
    }

    #[test]
    fn rows_that_refer_to_each_other_are_sent_one_by_one_if_one_needs_the_key_of_the_other() {
        let within = [(0, 1, Why::Provides), (1, 0, Why::Provides)];
        let groups = sorted_within(&[2], &[(1, 0, Why::Parent)], &within).unwrap();
        assert_eq!(groups, [(0, vec![1]), (0, vec![0])]);
    }

    #[test]
    fn a_barrier_makes_many_wait_for_many() {
        let mut graph = Graph::new([2, 2]);
        graph.barrier(&[2, 3], &[0, 1], Why::Unknown);
        let groups = rows_of(sort(&graph)).unwrap();
        assert_eq!(groups, [StepRows { step: 1, rows: vec![2, 3] }, StepRows { step: 0, rows: vec![0, 1] }]);
    }
    #[test]
    fn a_cycle_needs_a_deferral_where_it_has_one() {
        let mut graph = Graph::new([2, 1]);
        graph.deferrable(2, 0, Why::Parent, Some(7));
        graph.edge(0, 1, Why::Releases);
        graph.edge(1, 2, Why::Parent);
        assert!(matches!(sort(&graph), Ok(Sorted::Deferrals(numbers)) if numbers == [7]));
    }
}
