//! `Refused`: what the service answers when a request fails. The class of an error decides the status; clients repeat what
//! got 503, after the time in `Retry-After`.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use diesel_session::error::ErrorClass;
use serde_json::json;

use crate::accounts::Refusal;

/// A request that failed.
#[derive(Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    error: String,
}

impl Refused {
    /// A request that is wrong in itself.
    pub(crate) fn request(problem: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error: problem.into() }
    }

    pub(crate) fn no_such_page() -> Self {
        Self { status: StatusCode::NOT_FOUND, error: "no such page".to_owned() }
    }

    fn of_class(class: ErrorClass, error: &dyn std::fmt::Display) -> Self {
        let status = match class {
            ErrorClass::NotFound => StatusCode::NOT_FOUND,
            ErrorClass::Conflict => StatusCode::CONFLICT,
            ErrorClass::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            // Of a request with a key, also one whose COMMIT had no answer can be repeated.
            ErrorClass::Busy | ErrorClass::Unavailable | ErrorClass::CommitUnknown => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            // The log is for the operator; what is inside is not for clients.
            tracing::error!(%error, %status, "a request failed");
            let error = if status == StatusCode::SERVICE_UNAVAILABLE { "busy, try again" } else { "internal error" };
            return Self { status, error: error.to_owned() };
        }
        Self { status, error: error.to_string() }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match &refusal {
            Refusal::TooLittle(_) => Self { status: StatusCode::CONFLICT, error: refusal.to_string() },
            Refusal::Request(_) => Self { status: StatusCode::UNPROCESSABLE_ENTITY, error: refusal.to_string() },
            Refusal::Session(error) => Self::of_class(error.class(), error),
        }
    }
}

impl From<diesel_migrate::Error> for Refused {
    /// Whatever the runner finds, this process cannot serve requests for now.
    fn from(error: diesel_migrate::Error) -> Self {
        tracing::error!(%error, "not ready");
        Self { status: StatusCode::SERVICE_UNAVAILABLE, error: "not ready".to_owned() }
    }
}

impl From<tokio::task::JoinError> for Refused {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::of_class(ErrorClass::Internal, &error)
    }
}

impl From<JsonRejection> for Refused {
    fn from(rejection: JsonRejection) -> Self {
        Self { status: rejection.status(), error: rejection.body_text() }
    }
}

impl From<PathRejection> for Refused {
    fn from(rejection: PathRejection) -> Self {
        Self { status: rejection.status(), error: rejection.body_text() }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let answer = (self.status, Json(json!({ "error": self.error })));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            return ([(header::RETRY_AFTER, "1")], answer).into_response();
        }
        answer.into_response()
    }
}
