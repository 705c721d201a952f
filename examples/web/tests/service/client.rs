//! The service on a port of its own, and a client that speaks as much HTTP as the tests need.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use diesel_session::Database;
use folio_example_web::{migrate, router};
use serde_json::Value;
use tokio::sync::oneshot;

/// Longer than any limit of the service: an answer that takes longer hangs.
pub const HANGS: Duration = Duration::from_secs(30);

/// A running service, which is shut down when it is dropped.
pub struct Service {
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl Service {
    /// Serves a database, after its migrations.
    pub fn migrated(db: &Database) -> Self {
        migrate(db).unwrap();
        Self::on(db)
    }

    /// Serves a database as it is.
    pub fn on(db: &Database) -> Self {
        let (db, (stop, stopped), (tell, told)) = (db.clone(), oneshot::channel(), std::sync::mpsc::channel());
        let server = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap().port()).unwrap();
                let stopped = async { stopped.await.unwrap_or_default() };
                axum::serve(listener, router(db.clone())).with_graceful_shutdown(stopped).await.unwrap();
                db.close_async().await;
            });
        });
        Self { port: told.recv().unwrap(), stop: Some(stop), server: Some(server) }
    }

    /// Sends a request and returns the status and the JSON of its answer.
    pub fn ask(&self, request: &str, key: Option<&str>, body: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(HANGS)).unwrap();
        let key = key.map(|key| format!("Idempotency-Key: {key}\r\n")).unwrap_or_default();
        let length = body.len();
        write!(
            stream,
            "{request} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: application/json\r\n{key}\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer in time");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap())
    }

    /// Opens an account, and returns its id.
    pub fn open(&self, owner: &str, balance: i64) -> i64 {
        let (status, account) =
            self.ask("POST /accounts", None, &format!(r#"{{"owner": "{owner}", "balance": {balance}}}"#));
        assert_eq!(status, 201, "{account}");
        account["id"].as_i64().unwrap()
    }

    /// Asks for a transfer, under a key.
    pub fn transfer(&self, key: &str, from: i64, to: i64, amount: i64) -> (u16, Value) {
        let body = format!(r#"{{"from": {from}, "to": {to}, "amount": {amount}}}"#);
        self.ask("POST /transfers", Some(key), &body)
    }

    pub fn balance(&self, account: i64) -> i64 {
        let (status, shown) = self.ask(&format!("GET /accounts/{account}"), None, "");
        assert_eq!(status, 200, "{shown}");
        shown["balance"].as_i64().unwrap()
    }

    /// Shuts it down gracefully and waits for its end.
    pub fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            server.join().unwrap();
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}
