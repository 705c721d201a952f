//! Which column of the picture each table is in, and in which order.

use std::collections::{BTreeSet, HashMap};

/// The tables and relations of a picture, as numbers. An edge leads from a table to one that refers to it.
pub(super) struct Graph {
    /// Width and height of each table.
    pub(super) sizes: Vec<(f64, f64)>,
    pub(super) edges: Vec<(usize, usize)>,
}

/// A place in a column: a table, or the way of an edge through a column between its two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Slot {
    Table(usize),
    /// The number of the edge.
    Edge(usize),
}

pub(super) struct Layers {
    /// The slots of each column, from top to bottom.
    pub(super) columns: Vec<Vec<Slot>>,
    /// What each slot is connected with in the columns beside its own; a slot together with its column.
    beside: HashMap<(usize, Slot), Vec<(usize, Slot)>>,
}

/// Between two tables of a column, and at least between two columns.
pub(super) const GAP: f64 = 28.0;
/// Width to height of the picture, roughly.
const ASPECT: f64 = 1.6;
/// A column that is not higher is never too high.
const SCREEN: f64 = 540.0;
const SWEEPS: usize = 12;

impl Layers {
    /// Tables are to the right of those that they refer to, unless a cycle prevents it, and columns are about as high
    /// as the picture's shape permits.
    pub(super) fn of(graph: &Graph) -> Self {
        let forward = without_cycles(graph);
        let layer = layers(graph, &forward);
        let mut columns = vec![Vec::new(); layer.iter().max().map_or(0, |last| last + 1)];
        for (table, layer) in layer.iter().enumerate() {
            columns[*layer].push(Slot::Table(table));
        }
        let mut beside: HashMap<_, Vec<_>> = HashMap::new();
        for (number, (from, to)) in forward.iter().enumerate() {
            let mut chain = vec![(layer[*from], Slot::Table(*from))];
            for (between, column) in columns.iter_mut().enumerate().take(layer[*to]).skip(layer[*from] + 1) {
                column.push(Slot::Edge(number));
                chain.push((between, Slot::Edge(number)));
            }
            if from != to {
                chain.push((layer[*to], Slot::Table(*to)));
            }
            for pair in chain.windows(2) {
                beside.entry(pair[0]).or_default().push(pair[1]);
                beside.entry(pair[1]).or_default().push(pair[0]);
            }
        }
        let mut layers = Self { columns, beside };
        for sweep in 0..SWEEPS {
            layers.sort(sweep % 2 == 0);
        }
        layers
    }

    /// Sorts each column by the mean position of its neighbours in the column before it, or after it.
    fn sort(&mut self, from_left: bool) {
        let count = self.columns.len();
        for step in 1..count {
            let (column, fixed) = if from_left { (step, step - 1) } else { (count - 1 - step, count - step) };
            let means: Vec<f64> = self.columns[column]
                .iter()
                .enumerate()
                .map(|(own, slot)| {
                    let positions: Vec<f64> = self
                        .neighbours((column, *slot), fixed)
                        .filter_map(|slot| self.columns[fixed].iter().position(|other| *other == slot))
                        .map(|position| position as f64 / self.columns[fixed].len() as f64)
                        .collect();
                    if positions.is_empty() {
                        own as f64 / self.columns[column].len() as f64
                    } else {
                        positions.iter().sum::<f64>() / positions.len() as f64
                    }
                })
                .collect();
            let mut order: Vec<usize> = (0..means.len()).collect();
            order.sort_by(|one, other| means[*one].total_cmp(&means[*other]));
            self.columns[column] = order.into_iter().map(|index| self.columns[column][index]).collect();
        }
    }

    /// What a slot is connected with in the column `other`, once for each edge.
    pub(super) fn neighbours(&self, slot: (usize, Slot), other: usize) -> impl Iterator<Item = Slot> {
        let beside = self.beside.get(&slot).into_iter().flatten();
        beside.filter(move |(column, _)| *column == other).map(|(_, slot)| *slot)
    }
}

/// The edges, those turned round that would close a cycle.
fn without_cycles(graph: &Graph) -> Vec<(usize, usize)> {
    #[derive(Clone, Copy, PartialEq)]
    enum Visit {
        Not,
        Open,
        Done,
    }
    fn visit(table: usize, graph: &Graph, visits: &mut [Visit], edges: &mut [(usize, usize)]) {
        visits[table] = Visit::Open;
        for (number, (from, to)) in graph.edges.iter().enumerate() {
            if *from != table || from == to {
                continue;
            }
            match visits[*to] {
                Visit::Open => edges[number] = (*to, *from),
                Visit::Not => visit(*to, graph, visits, edges),
                Visit::Done => {}
            }
        }
        visits[table] = Visit::Done;
    }
    let mut edges = graph.edges.clone();
    let mut visits = vec![Visit::Not; graph.sizes.len()];
    for table in 0..visits.len() {
        if visits[table] == Visit::Not {
            visit(table, graph, &mut visits, &mut edges);
        }
    }
    edges
}

/// The column of each table.
fn layers(graph: &Graph, edges: &[(usize, usize)]) -> Vec<usize> {
    let heights: Vec<f64> = graph.sizes.iter().map(|(_, height)| height + GAP).collect();
    let area: f64 = graph.sizes.iter().zip(&heights).map(|((width, _), height)| (width + 3.0 * GAP) * height).sum();
    let limit = (area / ASPECT).sqrt().max(SCREEN);
    let between = || edges.iter().filter(|(from, to)| from != to);
    let mut layer = vec![0; heights.len()];
    let mut used: Vec<f64> = Vec::new();
    // Tables without relations fill the gaps at the end.
    let alone = |table: usize| !between().any(|(from, to)| *from == table || *to == table);
    let mut waiting: BTreeSet<(bool, usize)> = (0..heights.len()).map(|table| (alone(table), table)).collect();
    let mut order = Vec::new();
    while let Some(next) = waiting
        .iter()
        .find(|(_, table)| !between().any(|(from, to)| to == table && waiting.contains(&(false, *from))))
        .copied()
    {
        waiting.remove(&next);
        let table = next.1;
        let parents = between().filter(|(_, to)| *to == table);
        let mut wanted = parents.map(|(from, _)| layer[*from] + 1).max().unwrap_or(0);
        while used.get(wanted).is_some_and(|used| *used > 0.0 && used + heights[table] > limit) {
            wanted += 1;
        }
        used.resize(used.len().max(wanted + 1), 0.0);
        used[wanted] += heights[table];
        layer[table] = wanted;
        order.push(table);
    }
    // Nearer to the tables that refer to it, where there is room.
    for table in order.into_iter().rev() {
        let Some(first) = between().filter(|(from, _)| *from == table).map(|(_, to)| layer[*to]).min() else {
            continue;
        };
        let fits = |column: &usize| used[*column] + heights[table] <= limit;
        if let Some(better) = (layer[table] + 1..first).rev().find(fits) {
            used[layer[table]] -= heights[table];
            used[better] += heights[table];
            layer[table] = better;
        }
    }
    layer
}
