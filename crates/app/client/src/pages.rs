//! Pages as streams: each is fetched when it is needed, with the state that the one before gave.

use crate::ClientError;
use crate::QueryResult;
use crate::Row;
use bytes::Bytes;
use futures_util::Stream;
use futures_util::TryStreamExt;
use futures_util::stream;

/// The rows of pages, one by one.
pub(crate) fn rows_of(
    pages: impl Stream<Item = Result<QueryResult, ClientError>> + Send,
) -> impl Stream<Item = Result<Row, ClientError>> + Send {
    pages
        .map_ok(|page| stream::iter(page.rows.into_iter().map(Ok)))
        .try_flatten()
}

/// Where a stream of pages is.
enum Next {
    Page(Option<Bytes>),
    End,
}

/// All pages from `first` on, the first of all if that is `None`.
pub(crate) fn pages_from<F>(
    first: Option<Bytes>,
    fetch: impl Fn(Option<Bytes>) -> F + Send,
) -> impl Stream<Item = Result<QueryResult, ClientError>> + Send
where
    F: Future<Output = Result<QueryResult, ClientError>> + Send,
{
    stream::try_unfold((Next::Page(first), fetch), |(next, fetch)| async move {
        let Next::Page(paging_state) = next else {
            return Ok(None);
        };
        let page = fetch(paging_state).await?;
        let next = match &page.paging_state {
            Some(state) => Next::Page(Some(state.clone())),
            None => Next::End,
        };
        Ok(Some((page, (next, fetch))))
    })
}
