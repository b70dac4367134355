//! `/api`: a small face for scripts, read only. Its OpenAPI document is made from the code below and from the types
//! that it sends, at `/api/openapi.json`.

mod labels;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde::Serialize;
use sluice_events::message::{Charts, Plugins, SetAside, Statistics, Training};
use sluice_session::{CommandError, View};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi as OpenApiDocument, ResponseBuilder};
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::App;

const ABOUT: &str = "What a session holds, for scripts. The same figures as on the page and in `/metrics`. \
                     Where a token is asked for, send it as a bearer token.";

#[derive(OpenApi)]
#[openapi(info(title = "Sluice", description = ABOUT), security((), ("token" = [])))]
struct Document;

/// What `access` answers, whatever is asked for.
fn with_access(mut document: OpenApiDocument) -> OpenApiDocument {
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    document.components.get_or_insert_default().add_security_scheme("token", bearer);
    for path in document.paths.paths.values_mut() {
        let Some(operation) = &mut path.get else { continue };
        for (status, why) in
            [("401", "The token is missing or another one"), ("403", "A foreign host or page asks")]
        {
            let told = ContentBuilder::new()
                .schema(Some(<String as utoipa::PartialSchema>::schema()))
                .build();
            let response =
                ResponseBuilder::new().description(why).content("text/plain", told).build();
            operation.responses.responses.insert(status.to_owned(), response.into());
        }
    }
    document
}

/// The routes below `/api`.
pub(crate) fn routes() -> Router<Arc<App>> {
    let (router, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(session))
        .routes(routes!(statistics))
        .routes(routes!(charts))
        .routes(routes!(training))
        .routes(routes!(plugins))
        .routes(routes!(set_aside))
        .routes(routes!(labels::page))
        .routes(routes!(labels::table))
        .split_for_parts();
    let document = Arc::new(with_access(document));
    router
        .route("/api/openapi.json", axum::routing::get(async move || Json((*document).clone())))
        .route("/api/{*unknown}", axum::routing::any(unknown))
}

/// Why there is no answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// For a person.
    error: String,
}

fn problem(status: StatusCode, error: &impl ToString) -> Response {
    (status, Json(Problem { error: error.to_string() })).into_response()
}

/// What the session says, or why it says nothing.
async fn read<T: Send + 'static>(
    app: &App,
    look: impl FnOnce(&View<'_>) -> T + Send + 'static,
) -> Result<T, Response> {
    let looked = app.service.session.read(look).await;
    looked.map_err(|error: CommandError| problem(StatusCode::SERVICE_UNAVAILABLE, &error))
}

async fn unknown(method: Method, uri: Uri) -> Response {
    let what = format!("there is no {method} {}; what there is: /api/openapi.json", uri.path());
    problem(StatusCode::NOT_FOUND, &what)
}

/// What a session is.
#[derive(Debug, Serialize, ToSchema)]
struct Session {
    /// The log's id.
    id: String,
    /// The question that is answered with yes or no.
    question: String,
    /// The pool's folder.
    pool: String,
    /// Whether there is a model in this session.
    model: bool,
    /// The program's version.
    program: String,
}

/// What this session is.
#[utoipa::path(get, path = "/api/session", responses(
    (status = 200, body = Session),
    (status = 503, description = "The session is closed", body = Problem),
))]
async fn session(State(app): State<Arc<App>>) -> Result<Json<Session>, Response> {
    let opened = read(&app, |view| view.state.opened.clone()).await?;
    Ok(Json(Session {
        id: app.service.log_id.clone(),
        question: opened.map(|opened| opened.question).unwrap_or_default(),
        pool: app.service.folder.root().display().to_string(),
        model: app.service.model,
        program: env!("CARGO_PKG_VERSION").to_owned(),
    }))
}

/// How it goes.
#[utoipa::path(get, path = "/api/statistics", responses(
    (status = 200, body = Statistics),
    (status = 503, description = "The session is closed", body = Problem),
))]
async fn statistics(State(app): State<Arc<App>>) -> Result<Json<Statistics>, Response> {
    read(&app, |view| view.state.statistics(view.now_us)).await.map(Json)
}

/// How it went, from the first look to the last.
#[utoipa::path(get, path = "/api/charts", responses(
    (status = 200, body = Charts),
    (status = 503, description = "The session is closed", body = Problem),
))]
async fn charts(State(app): State<Arc<App>>) -> Result<Json<Charts>, Response> {
    read(&app, |view| view.state.charts()).await.map(Json)
}

/// What the learner is doing.
#[utoipa::path(get, path = "/api/training", responses((status = 200, body = Training)))]
async fn training(State(app): State<Arc<App>>) -> Json<Training> {
    Json(app.service.training.borrow().clone())
}

/// Which selectors and networks there are, and which are in use.
#[utoipa::path(get, path = "/api/plugins", responses(
    (status = 200, body = Plugins),
    (status = 503, description = "The session is closed", body = Problem),
))]
async fn plugins(State(app): State<Arc<App>>) -> Result<Json<Plugins>, Response> {
    let catalogue = app.service.catalogue.clone();
    read(&app, move |view| Plugins::from(catalogue.in_use(view.state))).await.map(Json)
}

/// Images that can't be shown.
#[utoipa::path(get, path = "/api/set-aside", responses(
    (status = 200, body = SetAside),
    (status = 503, description = "The session is closed", body = Problem),
))]
async fn set_aside(State(app): State<Arc<App>>) -> Result<Json<SetAside>, Response> {
    read(&app, |view| view.state.set_aside()).await.map(Json)
}
