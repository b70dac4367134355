//! Labels: in pages as JSON, and all of them as a table.
#![allow(unused_qualifications, reason = "in what utoipa makes of the parameters")]

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures::stream::try_unfold;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sluice_events::{Answer, ImageId, Source};
use sluice_session::bulk::Answered;
use sluice_session::{CommandError, SessionHandle, View};
use utoipa::{IntoParams, ToSchema};

use super::{Problem, problem, read};
use crate::http::App;

/// Labels of a page, if nobody says how many.
const LIMIT: usize = 1000;
/// Labels of a page at most; the session is not asked for more at once.
const MOST: usize = 10_000;

/// An image and its answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LabelledImage {
    /// Its number in the pool.
    image: ImageId,
    /// Its file, relative to the pool's folder.
    path: String,
    /// What was said.
    answer: Answer,
    /// Who said it.
    source: Source,
    /// P(positive), 0 to 1, as it was shown before the answer, or by which the model labelled it; none where nothing
    /// was shown.
    probability: Option<f32>,
    /// When it was answered, RFC 3339.
    time: Option<String>,
    /// Sequence number of its event in the log; of a step of many labels, that of its beginning.
    seq: u64,
    /// The image can't be shown any more.
    set_aside: bool,
}

/// A part of the labels.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LabelPage {
    /// By the images' numbers.
    labels: Vec<LabelledImage>,
    /// Where the next page begins; none: this was the last one.
    next: Option<ImageId>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wish {
    /// Where the page begins: the `next` of the page before.
    #[param(minimum = 0, maximum = 4_294_967_295_i64, value_type = Option<i64>)]
    from: Option<u32>,
    /// How many labels.
    #[param(minimum = 1, maximum = 10_000)]
    limit: Option<usize>,
}

/// Images that have an answer, a page at a time, each once, with the answer that it has.
#[utoipa::path(get, path = "/api/labels", params(Wish), responses(
    (status = 200, body = LabelPage),
    (status = 400, description = "The page can't be understood", body = Problem),
    (status = 503, description = "The session is closed", body = Problem),
))]
pub(super) async fn page(
    State(app): State<Arc<App>>,
    wish: Result<Query<Wish>, QueryRejection>,
) -> Result<Json<LabelPage>, Response> {
    let Query(wish) =
        wish.map_err(|refused| problem(StatusCode::BAD_REQUEST, &refused.body_text()))?;
    let limit = wish.limit.unwrap_or(LIMIT);
    if !(1..=MOST).contains(&limit) {
        return Err(problem(StatusCode::BAD_REQUEST, &format!("limit is 1 to {MOST}")));
    }
    let from = ImageId(wish.from.unwrap_or(0));
    read(&app, move |view| labels(view, from, limit)).await.map(Json)
}

/// All images that have an answer, each as it is when its turn comes: one a line, the fields of `/api/labels`.
#[utoipa::path(get, path = "/api/labels.csv", responses(
    (status = 200, body = String, content_type = "text/csv"),
    (status = 503, description = "The session is closed", body = Problem),
))]
pub(super) async fn table(State(app): State<Arc<App>>) -> Result<Response, Response> {
    // A session that is closed is an answer of its own, not a table that ends early.
    let first = read(&app, |view| labels(view, ImageId(0), MOST)).await?;
    let session = app.service.session.clone();
    let pages = try_unfold(Some(Next::Page(first)), move |next| {
        let session = session.clone();
        async move {
            let page = match next {
                None => return Ok(None),
                Some(Next::Page(page)) => page,
                Some(Next::From(from)) => following(&session, from).await?,
            };
            let next = page.next.map(Next::From);
            Ok::<_, std::io::Error>(Some((lines(&page.labels)?, next)))
        }
    });
    let head = futures::stream::once(async { Ok(Bytes::from_static(HEAD.as_bytes())) });
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (CONTENT_DISPOSITION, "attachment; filename=\"labels.csv\""),
    ];
    Ok((headers, Body::from_stream(futures::StreamExt::chain(head, pages))).into_response())
}

const HEAD: &str = "image,path,answer,source,probability,time,seq,set_aside\r\n";

/// Where a table goes on.
enum Next {
    Page(LabelPage),
    From(ImageId),
}

async fn following(session: &SessionHandle, from: ImageId) -> std::io::Result<LabelPage> {
    let page = session.read(move |view| labels(view, from, MOST)).await;
    page.map_err(|error: CommandError| std::io::Error::other(error))
}

/// Without a head, as RFC 4180 says.
fn lines(labels: &[LabelledImage]) -> std::io::Result<Bytes> {
    let lines = csv::Terminator::CRLF;
    let mut writer =
        csv::WriterBuilder::new().has_headers(false).terminator(lines).from_writer(Vec::new());
    for label in labels {
        writer.serialize(label)?;
    }
    writer.into_inner().map(Bytes::from).map_err(|error| std::io::Error::other(error.to_string()))
}

fn labels(view: &View<'_>, from: ImageId, count: usize) -> LabelPage {
    // One more shows whether there are more.
    let images = (from.0..view.state.images.len() as u32).map(ImageId);
    let answered = images.filter_map(|image| view.state.answered(image));
    let mut answered: Vec<Answered> = answered.take(count + 1).collect();
    let next = (answered.len() > count).then(|| answered.pop().map(|last| last.image)).flatten();
    let label = |answered: Answered| {
        let image = view.state.image(answered.image);
        let time = i64::try_from(answered.time_us).ok();
        LabelledImage {
            image: answered.image,
            path: image.map(|image| image.path.clone()).unwrap_or_default(),
            answer: answered.given.answer,
            source: answered.given.source,
            probability: answered.probability,
            time: time.and_then(|us| Timestamp::from_microsecond(us).ok()).map(|t| t.to_string()),
            seq: answered.seq,
            set_aside: image.is_some_and(|image| image.set_aside.is_some()),
        }
    };
    LabelPage { labels: answered.into_iter().map(label).collect(), next }
}
