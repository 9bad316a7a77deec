using Microsoft.AspNetCore.Connections;

namespace Agent.Http;

/// <summary>
/// Cuts off clients that connect and send nothing. Kestrel gives a new connection the whole keep-alive time, long enough for
/// a few hundred silent clients to lock everybody out.
/// </summary>
internal static class FirstByte
{
    public static async Task AwaitAsync(ConnectionContext connection, ConnectionDelegate next, TimeSpan patience)
    {
        using (var timeout = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed))
        {
            timeout.CancelAfter(patience);
            try
            {
                var read = await connection.Transport.Input.ReadAsync(timeout.Token).ConfigureAwait(false);

                // Nothing is examined: the next reader gets the same bytes at once.
                connection.Transport.Input.AdvanceTo(read.Buffer.Start);
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                connection.Abort(new ConnectionAbortedException("no request came"));
                return;
            }
        }

        await next(connection).ConfigureAwait(false);
    }
}
