//! SeaORM, by its documentation's best way for each case: `bench-seaorm CASE PLACE URL ROWS`, with the same tables, cases,
//! proofs, output and exit codes as the program in `../rust`, whose files it shares.

#[path = "../../rust/src/case.rs"]
mod case;
mod entities;
#[path = "../../rust/src/place.rs"]
mod place;

use std::alloc::System;
use std::env;
use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use chrono::{NaiveDate, NaiveDateTime};
use cpu_time::ProcessTime;
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait as _, ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DatabaseTransaction,
    DbErr, EntityTrait as _, IntoActiveModel as _, ModelTrait as _, Statement, TransactionTrait as _,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use case::Case;
use entities::{note, repository, user};
use place::{Engine, Place};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const REPOSITORIES: i64 = 3;
const NOTES: i64 = 2;
/// The rows of a statement: SQLite takes 32,766 parameters.
const CHUNK: usize = 5_000;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [case, place, url, rows] = &arguments[..] else { return Err("bench-seaorm CASE PLACE URL ROWS".into()) };
    let (case, place, rows) = (Case::named(case)?, Place::new(place, url)?, rows.parse()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        round(case, &place, rows).await?;
        println!("{}", round(case, &place, rows).await?);
        Ok(ExitCode::SUCCESS)
    })
}

async fn open(place: &Place) -> Result<DatabaseConnection, DbErr> {
    let url = match place.engine {
        Engine::Sqlite if place.url == ":memory:" => "sqlite::memory:".to_owned(),
        Engine::Sqlite => format!("sqlite://{}?mode=rwc", place.url),
        Engine::Postgres | Engine::Mysql => place.url.clone(),
    };
    // One connection: a database in memory belongs to it, and its settings are made once.
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await
}

async fn round(case: Case, place: &Place, rows: i64) -> Outcome<serde_json::Value> {
    let database = open(place).await?;
    let scripts = place.settings().into_iter().chain([place.create()]).map(str::to_owned);
    for script in scripts.chain(case.needs_rows().then(|| place.fill(rows))) {
        database.execute_unprepared(&script).await?;
    }
    let loaded = match case {
        Case::Update | Case::Delete => user::Entity::find().all(&database).await?,
        _ => Vec::new(),
    };

    let region = Region::new(ALLOCATOR);
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    let seen = work(case, &database, rows, loaded).await?;
    let (wall, cpu) = (wall.elapsed(), cpu.elapsed());
    let allocations = region.change().allocations;

    let (proof, expected) = case.proof(rows);
    let statement = Statement::from_string(database.get_database_backend(), proof);
    let found: i64 = database.query_one_raw(statement).await?.ok_or("no row")?.try_get("", "number")?;
    if (seen, found) != (case.seen(rows), expected) {
        return Err(format!("{case:?}: {seen} rows in hand, {proof}: {found} instead of {expected}").into());
    }
    database.close().await?;
    Ok(serde_json::json!({ "wall": wall.as_secs_f64(), "cpu": cpu.as_secs_f64(), "allocations": allocations }))
}

fn created_at() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 1, 1).and_then(|day| day.and_hms_opt(0, 0, 0)).unwrap_or_default()
}

fn new_user(number: i64) -> user::ActiveModel {
    user::ActiveModel {
        login: Set(format!("user{number}")),
        email: Set((number % 2 == 0).then(|| format!("user{number}@example.org"))),
        stars: Set(number % 100),
        created_at: Set(created_at()),
        ..Default::default()
    }
}

/// New users, and their keys: by RETURNING where the engine has it, otherwise one by one.
async fn insert(transaction: &DatabaseTransaction, rows: i64) -> Result<Vec<i64>, DbErr> {
    let new: Vec<_> = (1..=rows).map(new_user).collect();
    let mut keys = Vec::with_capacity(new.len());
    if transaction.support_returning() {
        for chunk in new.chunks(CHUNK) {
            let users = user::Entity::insert_many(chunk.to_vec()).exec_with_returning(transaction).await?;
            keys.extend(users.into_iter().map(|user| user.id));
        }
    } else {
        for user in new {
            keys.push(user::Entity::insert(user).exec(transaction).await?.last_insert_id);
        }
    }
    Ok(keys)
}

async fn work(case: Case, database: &DatabaseConnection, rows: i64, loaded: Vec<user::Model>) -> Result<i64, DbErr> {
    match case {
        Case::Insert => {
            let transaction = database.begin().await?;
            let keys = insert(&transaction, rows).await?;
            transaction.commit().await?;
            Ok(black_box(keys).len() as i64)
        }
        Case::Bulk => {
            let transaction = database.begin().await?;
            let new: Vec<_> = (1..=rows).map(new_user).collect();
            for chunk in new.chunks(CHUNK) {
                user::Entity::insert_many(chunk.to_vec()).exec_without_returning(&transaction).await?;
            }
            transaction.commit().await?;
            Ok(rows)
        }
        Case::Load => Ok(black_box(user::Entity::find().all(database).await?).len() as i64),
        Case::Update => {
            let transaction = database.begin().await?;
            let mut seen = 0;
            for user in loaded {
                let stars = user.id + 1000;
                let mut changed = user.into_active_model();
                changed.stars = Set(stars);
                changed.update(&transaction).await?;
                seen += 1;
            }
            transaction.commit().await?;
            Ok(seen)
        }
        Case::Get => {
            let transaction = database.begin().await?;
            let mut seen = 0;
            for id in 1..=rows {
                seen += i64::from(black_box(user::Entity::find_by_id(id).one(&transaction).await?).is_some());
            }
            transaction.commit().await?;
            Ok(seen)
        }
        Case::Graph => {
            let transaction = database.begin().await?;
            let keys = insert(&transaction, rows).await?;
            let repositories: Vec<_> = (keys.iter())
                .flat_map(|&user| (0..REPOSITORIES).map(move |number| repository::new(user, number)))
                .collect();
            for chunk in repositories.chunks(CHUNK) {
                repository::Entity::insert_many(chunk.to_vec()).exec_without_returning(&transaction).await?;
            }
            let notes: Vec<_> =
                keys.iter().flat_map(|&user| (0..NOTES).map(move |number| note::new(user, number))).collect();
            for chunk in notes.chunks(CHUNK) {
                note::Entity::insert_many(chunk.to_vec()).exec_without_returning(&transaction).await?;
            }
            transaction.commit().await?;
            Ok((keys.len() + repositories.len() + notes.len()) as i64)
        }
        Case::AddOne => {
            for number in 1..=rows {
                let transaction = database.begin().await?;
                new_user(number).insert(&transaction).await?;
                transaction.commit().await?;
            }
            Ok(rows)
        }
        Case::ReadOne => {
            let mut seen = 0;
            for id in 1..=rows {
                let transaction = database.begin().await?;
                seen += i64::from(user::Entity::find_by_id(id).one(&transaction).await?.is_some());
                transaction.commit().await?;
            }
            Ok(seen)
        }
        Case::Delete => {
            let transaction = database.begin().await?;
            let mut seen = 0;
            for user in loaded {
                seen += user.delete(&transaction).await?.rows_affected;
            }
            transaction.commit().await?;
            Ok(seen as i64)
        }
    }
}
