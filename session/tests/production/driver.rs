//! Polls futures without a runtime.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

struct Unpark {
    thread: Thread,
    wakes: AtomicUsize,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::SeqCst);
        self.thread.unpark();
    }
}

/// Polls until it is ready.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let wake = Arc::new(Unpark { thread: thread::current(), wakes: AtomicUsize::new(0) });
    let waker = Waker::from(Arc::clone(&wake));
    let mut future = pin!(future);
    loop {
        let seen = wake.wakes.load(Ordering::SeqCst);
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => return done,
            Poll::Pending => {
                // A future that forgets to wake its task hangs here.
                while wake.wakes.load(Ordering::SeqCst) == seen {
                    thread::park();
                }
            }
        }
    }
}

/// Polls once.
pub fn poll_once<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Poll<T> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}
