//! Images by id: the original bytes where browsers show them, else PNG; reduced when asked.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sluice_events::ImageId;
use sluice_learn::NoPicture;
use sluice_pool::present;
use tokio::sync::Semaphore;

use crate::http::App;

/// Images that are read and reduced at the same time.
pub(crate) static AT_ONCE: Semaphore = Semaphore::const_new(4);
/// A reduced version is never asked to be larger than this, pixels.
const LONGEST: u32 = 8192;

#[derive(Deserialize)]
pub(crate) struct Wish {
    /// Longest side, pixels.
    max: Option<u32>,
}

pub(crate) async fn image(
    State(app): State<Arc<App>>,
    Path(id): Path<u32>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Response {
    let image = ImageId(id);
    let Some(path) = app.service.folder.path(image) else {
        return (StatusCode::NOT_FOUND, format!("There is no image number {id}.\n"))
            .into_response();
    };
    let longest = wish.max.map(|max| max.clamp(16, LONGEST));
    let limits = *app.service.folder.limits();
    let turn = AT_ONCE.acquire().await;
    let (unshown, folder) = (app.service.unshown.clone(), app.service.folder.clone());
    let presented = tokio::task::spawn_blocking(move || {
        // Kept to the end of the work, also when the visitor has gone.
        let _turn = turn;
        present(&path, longest, &limits).map_err(|error| {
            let why = folder.why(image, error);
            if let Err(error) = unshown.tell(image, &why) {
                tracing::warn!(%error, "an image could not be set aside");
            }
            why
        })
    })
    .await;
    match presented {
        Ok(Ok(picture)) => {
            let tag = format!("\"{}\"", &blake3::hash(&picture.bytes).to_hex()[..32]);
            let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
            let common = [(ETAG, tag.clone()), (CACHE_CONTROL, "private, no-cache".to_owned())];
            if known == Some(tag.as_str()) {
                return (StatusCode::NOT_MODIFIED, common).into_response();
            }
            (common, [(CONTENT_TYPE, picture.content_type)], picture.bytes).into_response()
        }
        Ok(Err(why)) => {
            let text = format!("Image number {id} can't be shown: it {why}.\n");
            let status = match why {
                NoPicture::Missing(_) => StatusCode::NOT_FOUND,
                NoPicture::Broken(_) => StatusCode::UNPROCESSABLE_ENTITY,
            };
            (status, [(CACHE_CONTROL, "no-store")], text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "presenting an image ended early");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
