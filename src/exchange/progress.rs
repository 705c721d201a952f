//! How far the reading of an input has come, for whoever shows it.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How far an input has been read. Clones look at the same reading, from any thread.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    read: Arc<AtomicU64>,
    total: Option<u64>,
}

impl Progress {
    pub(super) fn of(total: Option<u64>) -> Self {
        Self { read: Arc::default(), total }
    }

    /// The bytes that were read so far; runs ahead of the records by a buffer.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// The bytes that there are, where that is known: a file's size, but not a pipe's. A file may grow meanwhile.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }
}

/// A reader that counts.
pub(super) struct Counted<R> {
    pub reader: R,
    pub progress: Progress,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.progress.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
