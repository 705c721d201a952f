//! A graph of dependencies: which rows must be sent before others, and why.
//!
//! It begins with one node for each step, numbered in the order in which the steps are sent if nothing waits. A row that
//! waits for another row, or that another row waits for, leaves its step and becomes a node of its own.

/// Why a row waits for another, in the order in which dependencies are given up; those from `Parent` on never are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
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
    /// Both are statements for the same row.
    SameRow,
    /// The other one refers by its handle to the row that this one deletes, and needs it in memory.
    Handle,
    /// This one reuses a unique value of the other one; the number identifies the unique index to the caller
    /// that added the edge.
    Reuses(usize),
}

/// One row waits for another: `then` for `first`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) first: usize,
    pub(super) then: usize,
    pub(super) why: Why,
    /// Both are rows of one statement, and one refers to the other.
    pub(super) within: bool,
    /// The number, known to the caller, of the deferral that makes this dependency needless.
    pub(super) deferral: Option<usize>,
}

/// The steps, and the dependencies between their rows. Rows are numbered through all steps; the numbers after them are
/// barriers, which represent no row: many rows wait for a barrier, and it waits for many.
#[derive(Debug)]
pub(super) struct Graph {
    /// The first row of each step, and the number after the last row.
    pub(super) starts: Vec<usize>,
    barriers: usize,
    pub(super) edges: Vec<Edge>,
}

impl Graph {
    /// A graph without dependencies, given the number of rows of each step.
    pub(super) fn new(steps: impl IntoIterator<Item = usize>) -> Self {
        let mut starts = vec![0];
        let mut rows = 0;
        for step in steps {
            rows += step;
            starts.push(rows);
        }
        Self { starts, barriers: 0, edges: Vec::new() }
    }

    /// The number of steps.
    pub(super) fn steps(&self) -> usize {
        self.starts.len() - 1
    }

    /// The number of rows and barriers.
    pub(super) fn rows_and_barriers(&self) -> usize {
        self.starts[self.steps()] + self.barriers
    }

    /// The step of a row; a barrier has none.
    pub(super) fn step_of(&self, row: usize) -> Option<usize> {
        let begun = self.starts.partition_point(|start| *start <= row);
        (begun < self.starts.len()).then(|| begun.saturating_sub(1))
    }

    /// Makes one row wait for another. A row does not wait for itself, unless it refers to itself by its handle: then no
    /// order works.
    pub(super) fn edge(&mut self, first: usize, then: usize, why: Why) {
        self.deferrable(first, then, why, None);
    }

    /// As [`edge`](Self::edge), for a dependency that a deferral makes needless.
    pub(super) fn deferrable(&mut self, first: usize, then: usize, why: Why, deferral: Option<usize>) {
        self.push(Edge { first, then, why, within: false, deferral });
    }

    /// Makes a row that refers to itself wait for a deferral.
    pub(super) fn edge_to_itself(&mut self, row: usize, why: Why, deferral: usize) {
        self.edges.push(Edge { first: row, then: row, why, within: false, deferral: Some(deferral) });
    }

    /// Makes one row wait for another row of its step because of a reference: in a cycle of such references, one
    /// statement sends both.
    pub(super) fn edge_within(&mut self, first: usize, then: usize, why: Why) {
        self.push(Edge { first, then, why, within: true, deferral: None });
    }

    fn push(&mut self, edge: Edge) {
        if edge.first != edge.then || edge.why == Why::Parent {
            self.edges.push(edge);
        }
    }

    /// Makes each row of `then` wait for each of `first`, with as many edges as rows instead of their product.
    pub(super) fn barrier(&mut self, first: &[usize], then: &[usize], why: Why) {
        if first.is_empty() || then.is_empty() {
            return;
        }
        let barrier = self.rows_and_barriers();
        self.barriers += 1;
        first.iter().for_each(|row| self.edge(*row, barrier, why));
        then.iter().for_each(|row| self.edge(barrier, *row, why));
    }
}
