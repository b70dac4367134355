//! The routes, all on one port.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
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
use crate::{api, images, page, scrape, socket};

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
        .route("/metrics", get(scrape::metrics))
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .merge(api::routes())
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
