//! The edges at each node of a graph, as numbers of edges.

pub(super) struct Adjacency {
    /// Where the edges of each node begin, and where those of the last one end.
    starts: Vec<usize>,
    edges: Vec<usize>,
}

impl Adjacency {
    /// Sorts edges, each given by its number and the node that it is to be found at.
    pub(super) fn new(nodes: usize, edges: impl Iterator<Item = (usize, usize)> + Clone) -> Self {
        let mut starts = vec![0; nodes + 1];
        edges.clone().for_each(|(_, node)| starts[node + 1] += 1);
        for node in 0..nodes {
            starts[node + 1] += starts[node];
        }
        let (mut next, mut sorted) = (starts.clone(), vec![0; starts[nodes]]);
        for (edge, node) in edges {
            sorted[next[node]] = edge;
            next[node] += 1;
        }
        Self { starts, edges: sorted }
    }

    /// The edges at `node`, in their order.
    pub(super) fn of(&self, node: usize) -> &[usize] {
        &self.edges[self.starts[node]..self.starts[node + 1]]
    }
}
