// @generated automatically by Diesel CLI.
//! Folio's tables, as the migrations make them: `diesel print-schema` with `schema.patch` applied.
//!
//! What a column means stands beside it in `migrations/`.
#![allow(missing_docs, reason = "Diesel prints no docs for SQLite's columns but their names again")]

diesel::table! {
    notes (id) {
        id -> BigInt,
        name -> Text,
        body -> Text,
        user_id -> BigInt,
        repository_id -> Nullable<BigInt>,
        source -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        version -> BigInt,
    }
}

diesel::table! {
    repositories (id) {
        id -> BigInt,
        user_id -> BigInt,
        repo_id -> Nullable<BigInt>,
        repo_name -> Text,
        status -> crate::types::sql_types::RepositoryStatus,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    resumes (id) {
        id -> BigInt,
        user_id -> BigInt,
        vacancy -> Text,
        body -> Text,
        source -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        version -> BigInt,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        user_id -> BigInt,
        username -> Text,
        email -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::joinable!(notes -> repositories (repository_id));
diesel::joinable!(notes -> users (user_id));
diesel::joinable!(resumes -> users (user_id));

diesel::allow_tables_to_appear_in_same_query!(notes, repositories, resumes, users,);
