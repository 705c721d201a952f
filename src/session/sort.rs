//! The rows of a flush that wait for each other, put into an order: a topological sort that keeps rows of one step
//! together, and that knows which of the waits the database may turn out not to insist on.

use std::collections::{BTreeMap, HashMap};

/// Why a row waits for another, from what may be given up first to what stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    /// A value that memory does not have may be in the way.
    Perhaps,
    /// The other one refers to what this one takes away. The database may do without: it cascades, or checks later.
    LetsGo,
    /// The other one will refer to what this one takes away. The database refuses one of them, unless it cascades.
    Uses,
    /// This one refers to a value that the other one brings.
    Brings,
    /// This one refers to the key that the other one gets.
    Parent,
    /// The other one refers to the row that this one deletes, and needs it in memory.
    Names,
    /// This one takes over a unique value of the other one; the number is for those who drew the edge.
    Takes(usize),
}

/// One row waits for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) first: usize,
    pub(crate) then: usize,
    pub(crate) why: Why,
}

/// Rows, by numbers in the order in which they go if nothing is in the way, and what each waits for. A row has a place,
/// that of the step it belongs to; a knot has none and stands for no row: many wait for it, and it waits for many.
#[derive(Debug)]
pub(crate) struct Graph {
    places: Vec<Option<usize>>,
    edges: Vec<Edge>,
}

/// Rows of one step that go together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) place: usize,
    pub(crate) rows: Vec<usize>,
}

impl Graph {
    pub(crate) fn new(places: impl Iterator<Item = usize>) -> Self {
        Self { places: places.map(Some).collect(), edges: Vec::new() }
    }

    pub(crate) fn has_edges(&self) -> bool {
        !self.edges.is_empty()
    }

    /// Lets one row wait for another; none waits for itself.
    pub(crate) fn edge(&mut self, first: usize, then: usize, why: Why) {
        if first != then {
            self.edges.push(Edge { first, then, why });
        }
    }

    /// Lets each of some rows wait for each of others.
    pub(crate) fn knot(&mut self, first: &[usize], then: &[usize], why: Why) {
        if first.is_empty() || then.is_empty() {
            return;
        }
        let knot = self.places.len();
        self.places.push(None);
        first.iter().for_each(|row| self.edge(*row, knot, why));
        then.iter().for_each(|row| self.edge(knot, *row, why));
    }

    /// The order: steps stay where they are, and what a row of an earlier one waits for goes before that one.
    ///
    /// A cycle is cut where the database may not insist; one in which every wait is certain is given back.
    pub(crate) fn sort(&self) -> Result<Vec<Batch>, Vec<Edge>> {
        let mut ways = Ways::of(self);
        let order = self.cut(&mut ways)?;
        // For whose sake a row goes when it does: the earliest step that waits for it.
        let mut needed: Vec<usize> = self.places.iter().map(|place| place.unwrap_or(usize::MAX)).collect();
        for node in order.iter().rev() {
            for edge in ways.from(*node) {
                needed[*node] = needed[*node].min(needed[self.edges[edge].then]);
            }
        }
        Ok(self.batches(&ways, &needed))
    }

    /// Gives up edges until there is no cycle left; gives the nodes in an order that fits.
    fn cut(&self, ways: &mut Ways) -> Result<Vec<usize>, Vec<Edge>> {
        let mut waits = ways.waits();
        let mut order: Vec<usize> = (0..waits.len()).filter(|node| waits[*node] == 0).collect();
        let (mut done, mut stuck) = (0, 0);
        loop {
            while let Some(node) = order.get(done).copied() {
                done += 1;
                for edge in ways.from(node) {
                    self.arrive(edge, &mut waits, &mut order);
                }
            }
            while waits.get(stuck) == Some(&0) {
                stuck += 1;
            }
            if stuck == waits.len() {
                return Ok(order);
            }
            let circle = self.circle(ways, &waits, stuck);
            match circle.iter().copied().min_by_key(|edge| self.edges[*edge].why) {
                Some(weakest) if self.edges[weakest].why < Why::Parent => {
                    ways.stands[weakest] = false;
                    self.arrive(weakest, &mut waits, &mut order);
                }
                _ => return Err(circle.into_iter().map(|edge| self.edges[edge]).collect()),
            }
        }
    }

    /// One wait less for the row at the end of `edge`, which is ready when it was the last.
    fn arrive(&self, edge: usize, waits: &mut [usize], ready: &mut Vec<usize>) {
        let then = self.edges[edge].then;
        waits[then] -= 1;
        if waits[then] == 0 {
            ready.push(then);
        }
    }

    /// A cycle on the way back from a node that cannot go, where every node that cannot go waits for such a one.
    fn circle(&self, ways: &Ways, waits: &[usize], stuck: usize) -> Vec<usize> {
        let (mut seen, mut walked, mut node) = (HashMap::new(), Vec::new(), stuck);
        while seen.insert(node, walked.len()).is_none() {
            let Some(edge) = ways.to(node).find(|edge| waits[self.edges[*edge].first] > 0) else { break };
            walked.push(edge);
            node = self.edges[edge].first;
        }
        let begin = walked.iter().position(|edge| self.edges[*edge].then == node).unwrap_or(0);
        walked.drain(begin..).rev().collect()
    }

    /// Takes what is ready, step by step: first what an earlier step needs, then that step itself.
    fn batches(&self, ways: &Ways, needed: &[usize]) -> Vec<Batch> {
        let mut waits = ways.waits();
        let mut ready: BTreeMap<(usize, bool, usize), Vec<usize>> = BTreeMap::new();
        let mut found: Vec<usize> = (0..waits.len()).filter(|node| waits[*node] == 0).collect();
        let mut batches = Vec::new();
        loop {
            while let Some(node) = found.pop() {
                match self.places[node] {
                    Some(place) => ready.entry((needed[node], needed[node] == place, place)).or_default().push(node),
                    None => ways.from(node).for_each(|edge| self.arrive(edge, &mut waits, &mut found)),
                }
            }
            let Some(((_, last, place), mut rows)) = ready.pop_first() else { return batches };
            if !last {
                // Rows of the same step that a later one needs go along.
                for (_, more) in ready.extract_if(.., |(_, last, other), _| !*last && *other == place) {
                    rows.extend(more);
                }
            }
            rows.sort_unstable();
            for row in &rows {
                ways.from(*row).for_each(|edge| self.arrive(edge, &mut waits, &mut found));
            }
            batches.push(Batch { place, rows });
        }
    }
}

/// The edges of each node, and which of them stand.
struct Ways {
    from: Vec<Vec<usize>>,
    to: Vec<Vec<usize>>,
    stands: Vec<bool>,
}

impl Ways {
    fn of(graph: &Graph) -> Self {
        let nodes = graph.places.len();
        let (mut from, mut to) = (vec![Vec::new(); nodes], vec![Vec::new(); nodes]);
        for (number, edge) in graph.edges.iter().enumerate() {
            from[edge.first].push(number);
            to[edge.then].push(number);
        }
        Self { from, to, stands: vec![true; graph.edges.len()] }
    }

    fn from(&self, node: usize) -> impl Iterator<Item = usize> {
        self.from[node].iter().copied().filter(|edge| self.stands[*edge])
    }

    fn to(&self, node: usize) -> impl Iterator<Item = usize> {
        self.to[node].iter().copied().filter(|edge| self.stands[*edge])
    }

    /// For how many others each node waits.
    fn waits(&self) -> Vec<usize> {
        (0..self.to.len()).map(|node| self.to(node).count()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places and rows of the batches of a graph of steps of so many rows.
    fn sorted(steps: &[usize], edges: &[(usize, usize, Why)]) -> Result<Vec<(usize, Vec<usize>)>, Vec<Edge>> {
        let mut graph = Graph::new(steps.iter().enumerate().flat_map(|(step, rows)| vec![step; *rows]));
        edges.iter().for_each(|(first, then, why)| graph.edge(*first, *then, *why));
        graph.sort().map(|batches| batches.into_iter().map(|batch| (batch.place, batch.rows)).collect())
    }

    #[test]
    fn steps_without_waits_stay_whole_and_in_their_order() {
        assert_eq!(sorted(&[2, 1, 2], &[]).unwrap(), [(0, vec![0, 1]), (1, vec![2]), (2, vec![3, 4])]);
    }

    #[test]
    fn what_an_earlier_step_waits_for_goes_before_it_and_the_rest_stays() {
        let waits = [(4, 0, Why::Takes(0)), (2, 4, Why::LetsGo)];
        assert_eq!(sorted(&[2, 1, 2], &waits).unwrap(), [(1, vec![2]), (2, vec![4]), (0, vec![0, 1]), (2, vec![3])]);
    }

    #[test]
    fn a_step_that_waits_for_what_waits_for_it_is_sent_in_two() {
        let waits = [(0, 2, Why::Brings), (2, 3, Why::LetsGo), (3, 1, Why::Takes(0))];
        assert_eq!(sorted(&[2, 1, 1], &waits).unwrap(), [(0, vec![0]), (1, vec![2]), (2, vec![3]), (0, vec![1])]);
    }

    #[test]
    fn a_chain_within_a_step_goes_from_its_end() {
        let waits = [(1, 0, Why::Takes(0)), (2, 1, Why::Takes(0))];
        assert_eq!(sorted(&[3], &waits).unwrap(), [(0, vec![2]), (0, vec![1]), (0, vec![0])]);
    }

    #[test]
    fn a_circle_is_cut_where_the_database_may_not_insist() {
        let waits = [(0, 1, Why::Takes(0)), (1, 0, Why::LetsGo), (1, 2, Why::Brings)];
        assert_eq!(sorted(&[1, 1, 1], &waits).unwrap(), [(0, vec![0]), (1, vec![1]), (2, vec![2])]);
    }

    #[test]
    fn a_circle_of_values_taken_over_is_given_back_and_nothing_else() {
        let waits = [(0, 1, Why::Takes(0)), (1, 2, Why::Takes(0)), (2, 1, Why::Takes(1)), (2, 3, Why::Takes(0))];
        let circle = sorted(&[4], &waits).unwrap_err();
        assert_eq!(circle.iter().map(|edge| (edge.first, edge.then)).collect::<Vec<_>>(), [(1, 2), (2, 1)]);
    }

    #[test]
    fn a_knot_lets_many_wait_for_many() {
        let mut graph = Graph::new([0, 0, 1, 1].into_iter());
        graph.knot(&[2, 3], &[0, 1], Why::Perhaps);
        let batches = graph.sort().unwrap();
        assert_eq!(batches, [Batch { place: 1, rows: vec![2, 3] }, Batch { place: 0, rows: vec![0, 1] }]);
    }
}
