//! Where the tables and lines of the picture are.

use super::layers::{GAP, Graph, Layers, Slot};

/// Around the picture.
pub(super) const MARGIN: f64 = 24.0;
/// The height that a line takes up in a column which it passes.
const LANE: f64 = 14.0;
const ROUNDS: usize = 8;

/// A picture's places, in pixels.
pub(super) struct Places {
    pub(super) width: f64,
    pub(super) height: f64,
    /// The left upper corner of each table.
    pub(super) tables: Vec<(f64, f64)>,
    /// For each edge the stretches on which it passes a column: from, to, at which height.
    pub(super) lanes: Vec<Vec<(f64, f64, f64)>>,
}

impl Places {
    pub(super) fn of(graph: &Graph) -> Self {
        let layers = Layers::of(graph);
        let heights: Vec<Vec<f64>> =
            layers.columns.iter().map(|column| column.iter().map(|slot| height(graph, *slot)).collect()).collect();
        let tops = tops(&layers, &heights);
        let mut places = Self {
            width: 0.0,
            height: 0.0,
            tables: vec![(0.0, 0.0); graph.sizes.len()],
            lanes: vec![Vec::new(); graph.edges.len()],
        };
        let mut left = MARGIN;
        for (number, column) in layers.columns.iter().enumerate() {
            let widths =
                column.iter().map(|slot| if let Slot::Table(table) = slot { graph.sizes[*table].0 } else { 0.0 });
            let width = widths.fold(0.0, f64::max);
            for (index, slot) in column.iter().enumerate() {
                let top = tops[number][index];
                match slot {
                    Slot::Table(table) => places.tables[*table] = (left, top),
                    Slot::Edge(edge) => places.lanes[*edge].push((left, left + width, top + LANE / 2.0)),
                }
                places.height = places.height.max(top + heights[number][index] + MARGIN);
            }
            // Room for the lines that turn between this column and the next.
            let turning: usize = column.iter().map(|slot| layers.neighbours((number, *slot), number + 1).count()).sum();
            places.width = left + width + MARGIN + GAP;
            left += width + (2.5 * GAP + 3.0 * turning as f64).min(6.0 * GAP);
        }
        places
    }
}

fn height(graph: &Graph, slot: Slot) -> f64 {
    match slot {
        Slot::Table(table) => graph.sizes[table].1 + GAP,
        Slot::Edge(_) => LANE,
    }
}

/// The top of each slot: near the middle of what it is connected with, in the order of its column, without overlap.
fn tops(layers: &Layers, heights: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut tops: Vec<Vec<f64>> = heights.iter().map(|heights| stacked(heights)).collect();
    for round in 0..ROUNDS {
        let columns: Vec<usize> =
            if round % 2 == 0 { (0..tops.len()).collect() } else { (0..tops.len()).rev().collect() };
        for column in columns {
            let wanted: Vec<f64> = (0..tops[column].len())
                .map(|index| {
                    let slot = (column, layers.columns[column][index]);
                    let beside = [column.checked_sub(1), Some(column + 1).filter(|next| *next < tops.len())];
                    let middles: Vec<f64> = beside
                        .into_iter()
                        .flatten()
                        .flat_map(|other| layers.neighbours(slot, other).map(move |slot| (other, slot)))
                        .filter_map(|(other, slot)| {
                            let at = layers.columns[other].iter().position(|found| *found == slot)?;
                            Some(tops[other][at] + heights[other][at] / 2.0)
                        })
                        .collect();
                    if middles.is_empty() {
                        tops[column][index]
                    } else {
                        middles.iter().sum::<f64>() / middles.len() as f64 - heights[column][index] / 2.0
                    }
                })
                .collect();
            tops[column] = apart(&wanted, &heights[column]);
        }
    }
    let highest = tops.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    for top in tops.iter_mut().flatten() {
        *top = (*top - highest + MARGIN).round();
    }
    tops
}

/// One below the other.
fn stacked(heights: &[f64]) -> Vec<f64> {
    let mut below = 0.0;
    let below = heights.iter().map(|height| {
        below += height;
        below - height
    });
    below.collect()
}

/// The tops nearest to the wanted ones at which nothing overlaps: neighbours that would, form a block, which has the
/// mean of what its members want.
fn apart(wanted: &[f64], heights: &[f64]) -> Vec<f64> {
    let offsets = stacked(heights);
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (wanted, offset) in wanted.iter().zip(&offsets) {
        let (mut mean, mut size) = (wanted - offset, 1);
        while let Some((above, members)) = blocks.pop_if(|(above, _)| *above > mean) {
            mean = (above * members as f64 + mean * size as f64) / (members + size) as f64;
            size += members;
        }
        blocks.push((mean, size));
    }
    let starts = blocks.into_iter().flat_map(|(mean, size)| std::iter::repeat_n(mean, size));
    starts.zip(offsets).map(|(start, offset)| start + offset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tables of several sizes; each but every tenth refers to earlier ones, and a few to later ones.
    fn graph(tables: usize) -> Graph {
        let sizes =
            (0..tables).map(|table| (150.0 + (table * 37 % 90) as f64, 50.0 + (table * 53 % 240) as f64)).collect();
        let mut edges: Vec<_> = (1..tables).filter(|table| table % 10 != 0).map(|table| (table / 3, table)).collect();
        edges.extend((7..tables).step_by(5).map(|table| (table * 7 % table, table)));
        edges.extend([(tables - 1, 0), (4, 4)]);
        Graph { sizes, edges }
    }

    #[test]
    fn no_two_tables_overlap_and_no_line_passes_a_table() {
        for tables in [5, 20, 60, 200] {
            let graph = graph(tables);
            let places = Places::of(&graph);
            let boxes: Vec<_> =
                places.tables.iter().zip(&graph.sizes).map(|((x, y), (w, h))| (*x, *y, x + w, y + h)).collect();
            for (number, one) in boxes.iter().enumerate() {
                assert!(one.0 >= 0.0 && one.1 >= 0.0 && one.2 <= places.width && one.3 <= places.height);
                for other in &boxes[number + 1..] {
                    let apart = one.2 <= other.0 || other.2 <= one.0 || one.3 <= other.1 || other.3 <= one.1;
                    assert!(apart, "{one:?} and {other:?}");
                }
                for (from, to, y) in places.lanes.iter().flatten() {
                    let beside = *to <= one.0 || one.2 <= *from || *y <= one.1 || one.3 <= *y;
                    assert!(beside, "{one:?} and the line at {y} from {from} to {to}");
                }
            }
        }
    }

    #[test]
    fn a_picture_of_many_tables_is_neither_a_column_nor_a_row() {
        let places = Places::of(&graph(60));
        let shape = places.width / places.height;
        assert!((0.5..4.0).contains(&shape), "{} by {}", places.width, places.height);
    }
}
