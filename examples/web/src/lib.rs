//! A web service on asynchronous units of work: accounts, between which clients transfer money.
//!
//! | request | answer |
//! | --- | --- |
//! | `POST /accounts` `{"owner": …, "balance": …}` | 201 and the account |
//! | `GET /accounts/{id}` | the account |
//! | `POST /transfers` `{"from": …, "to": …, "amount": …}`, with the header `Idempotency-Key` | both new balances; the same ones if the request is repeated with its key |
//! | `GET /health` | 200 if the database answers and has the migrations that this program knows |
//!
//! Each error is JSON, `{"error": …}`, with the status of its class (`answer.rs`). The rules about accounts are in
//! `accounts.rs`, which knows neither HTTP nor threads.

pub mod accounts;
mod answer;

use std::time::Duration;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use diesel_migrate::{Migrate as _, Migration, Migrations, SchemaState, Target, Up, include_dir};
use diesel_session::Database;
use diesel_session::database::{Once, Options, Retry};
use diesel_session::session::once::OnceMigrations;
use serde_json::{Value, json};

use accounts::{Account, Balances, Opening, Transfer};
use answer::Refused;

static FOLDER: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/migrations");

static MIGRATIONS: Migrations = Migrations::embedded("folio-example-web", &FOLDER);

/// The migrations of the table in which `exactly_once` keeps its keys.
fn keys() -> Migrations {
    Migrations::diesel_by_engine("diesel-session-once", OnceMigrations::on)
}

/// Brings the database up to date: this program's tables, and beside them that of the keys.
pub fn migrate(db: &Database) -> diesel_migrate::Result<Vec<Migration>> {
    let mut applied = db.migrate(&MIGRATIONS)?;
    applied.extend(db.migrate_up(&keys(), Up::to(Target::All).into_existing(), |_| ())?);
    Ok(applied)
}

/// Whether this program can work with the database: it has every migration that the program knows. It may have more, which
/// are made so that the program still works (expand and contract): otherwise a deployment would stop the old processes
/// before the new ones run.
pub fn check(db: &Database) -> diesel_migrate::Result<()> {
    [&MIGRATIONS, &keys()].into_iter().try_for_each(|migrations| {
        let status = db.migration_status(migrations)?;
        match status.schema_state() {
            SchemaState::Newer(_) if status.pending.is_empty() => Ok(()),
            _ => status.refusal(db.place()).map_or(Ok(()), Err),
        }
    })
}

/// The longest waits of a request: for the pool, the server and its own transaction. A request that finds the queue full
/// is refused at once.
pub fn options() -> Options {
    Options::new()
        .pool_size(8)
        .pool_timeout(Duration::from_secs(1))
        .queue(64)
        .connect_timeout(Duration::from_secs(2))
        .read_timeout(Duration::from_secs(10))
        .statement_timeout(Duration::from_secs(5))
        .transaction_timeout(Duration::from_secs(5))
}

/// The service on a database.
pub fn router(db: Database) -> Router {
    Router::new()
        .route("/accounts", post(open_account))
        .route("/accounts/{id}", get(show_account))
        .route("/transfers", post(transfer))
        .route("/health", get(health))
        .fallback(async || Refused::no_such_page())
        .with_state(db)
}

async fn open_account(
    State(db): State<Database>,
    opening: Result<Json<Opening>, JsonRejection>,
) -> Result<(StatusCode, Json<Account>), Refused> {
    let Json(opening) = opening?;
    let account = db.named("open account").begin_async(move |session| accounts::open(session, opening)).await?;
    Ok((StatusCode::CREATED, Json(account)))
}

async fn show_account(
    State(db): State<Database>,
    id: Result<Path<i64>, PathRejection>,
) -> Result<Json<Account>, Refused> {
    let Path(id) = id?;
    let account = db.named("show account").read_async(move |session| accounts::show(session, id)).await?;
    Ok(Json(account))
}

/// If the client hangs up, this future is dropped, and the unit is rolled back or completes. With its key the client can
/// ask again, and the money moves once.
async fn transfer(
    State(db): State<Database>,
    headers: HeaderMap,
    transfer: Result<Json<Transfer>, JsonRejection>,
) -> Result<Json<Balances>, Refused> {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let Json(transfer) = transfer?;
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    let key = key.ok_or_else(|| Refused::request("the header Idempotency-Key is missing"))?;
    let patience = Retry::default().attempts(3).within(Duration::from_secs(1));
    let once = Once::new(format!("transfer {key}"), DAY).retry(patience);
    let unit = db.named("transfer").exactly_once_async(once, move |session| accounts::transfer(session, &transfer));
    Ok(Json(unit.await?))
}

/// For a load balancer: whether this process should get requests.
async fn health(State(db): State<Database>) -> Result<Json<Value>, Refused> {
    let checked = db.clone();
    // The runner is not asynchronous: a thread of the runtime's blocking pool waits for it.
    tokio::task::spawn_blocking(move || check(&checked)).await??;
    let metrics = db.metrics();
    Ok(Json(json!({
        "connections": metrics.connections,
        "idle": metrics.idle,
        "running": metrics.running,
        "waiting": metrics.waiting + metrics.queued,
    })))
}
