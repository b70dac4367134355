//! The routes, all on one port.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::access::{Access, check};
use crate::open::Service;
use crate::{images, page, socket};

/// The page's own files and images, and nothing from elsewhere.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// What the routes share.
pub struct App {
    /// The session.
    pub service: Service,
}

/// The routes of one session.
pub fn router(app: Arc<App>, access: Access) -> Router {
    let header = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
    };
    Router::new()
        .route("/ws", get(socket::upgrade))
        .route("/images/{id}", get(images::image))
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .fallback(page::file)
        .with_state(app)
        .layer(CompressionLayer::new())
        .layer(header(CONTENT_SECURITY_POLICY, POLICY))
        .layer(header(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(REFERRER_POLICY, "no-referrer"))
        .layer(header(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
        .layer(from_fn_with_state(Arc::new(access), check))
}

/// Serves until the future `until` ends. Nothing needs to be saved then: every acknowledged answer
/// is durable.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    access: Access,
    until: impl Future<Output = ()> + Send,
) -> std::io::Result<()> {
    // An acknowledgement is small and must not wait for more to be sent with it.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection can't be told not to wait");
        }
    });
    let serving = axum::serve(listener, router(app, access));
    tokio::select! {
        ended = serving => ended,
        () = until => Ok(()),
    }
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    let hindrance = app.service.session.read(|view| match view.state.unknown_event {
        Some(_) => Some("the log is of a newer sluice".to_owned()),
        None => view.closed.map(ToString::to_string),
    });
    match hindrance.await {
        Ok(None) => "ready\n".into_response(),
        Ok(Some(why)) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let counted = app.service.session.read(|view| (view.state.counts, view.state.behind())).await;
    if let Ok((counts, behind)) = counted {
        let metrics = &app.service.metrics;
        metrics.pool_positive_images.set(i64::from(counts.positives));
        metrics.pool_negative_images.set(i64::from(counts.negatives));
        metrics.pool_skipped_images.set(i64::from(counts.skipped));
        metrics.pool_set_aside_images.set(i64::from(counts.set_aside));
        metrics.pool_unlabelled_images.set(i64::from(counts.candidates));
        metrics.ranking_behind_answers.set(i64::from(behind));
    }
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &app.service.registry) {
        Ok(()) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
