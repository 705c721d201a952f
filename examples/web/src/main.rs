//! The program: with the argument `migrate` it brings the database of `DATABASE_URL` up to date, and without it serves it,
//! at the address `LISTEN`.
//!
//! ```sh
//! cargo run -p folio-example-web -- migrate
//! cargo run -p folio-example-web &
//! curl -d '{"owner": "Ann", "balance": 100}' -H 'Content-Type: application/json' localhost:8080/accounts
//! ```

use std::env;
use std::error::Error;
use std::process::ExitCode;

use diesel_session::Database;
use diesel_session::database::Access;
use folio_example_web::{check, migrate, options, router};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let url = env::var("DATABASE_URL").unwrap_or_else(|_| "sqlite://bank.db".to_owned());
    if env::args().nth(1).is_some_and(|verb| verb == "migrate") {
        let db = Database::open_with(&url, options().access(Access::Create))?;
        migrate(&db)?.iter().for_each(|migration| println!("applied {migration}"));
        return Ok(());
    }
    // A program that does not fit its database does not start.
    let opened = Database::open_with(&url, options()).map_err(diesel_migrate::Error::from);
    let db = opened.and_then(|db| check(&db).map(|()| db)).map_err(with_way_out)?;
    let address = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("listening at {}", listener.local_addr()?);
    // First no more requests are accepted and those under way are answered, then the units end that nobody waits for.
    axum::serve(listener, router(db.clone())).with_graceful_shutdown(asked_to_stop()).await?;
    db.close_async().await;
    Ok(())
}

/// The error, with the argument that brings the database up to date where that is the way out.
fn with_way_out(error: diesel_migrate::Error) -> Box<dyn Error> {
    let is_missing = matches!(&error, diesel_migrate::Error::Session(diesel_session::Error::NoDatabase { .. }));
    if is_missing || error.is_pending() { format!("{error}; run it with 'migrate' first").into() } else { error.into() }
}

/// Ctrl-C, or on Unix the SIGTERM that service managers send.
async fn asked_to_stop() {
    #[cfg(unix)]
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated => {}
    }
}
