using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Google.Protobuf;

namespace Agent.EndToEndTests.Cri;

/// <summary>
/// The least gRPC that CRI needs: unary calls over HTTP/2 with prior knowledge on a Unix socket. A message is a zero byte
/// (not compressed), its length in big-endian order, and its bytes; the status comes in the trailers.
/// </summary>
public sealed class GrpcClient(string socketPath) : IDisposable
{
    private const int PrefixLength = 5;

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellation) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
        UseProxy = false,
        EnableMultipleHttp2Connections = true,
    });

    /// <summary>Calls <c>/service/method</c>. HttpRequestException: nobody listens.</summary>
    public async Task<TReply> CallAsync<TReply>(string method, IMessage request, CancellationToken cancellation)
        where TReply : IMessage<TReply>, new()
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, "http://localhost" + method)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(Frame(request)),
        };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        message.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        using var response = await _http.SendAsync(message, cancellation);
        var body = await response.Content.ReadAsByteArrayAsync(cancellation);
        // A reply without a message has its status in the headers ("Trailers-Only").
        var status = Header(response, "grpc-status") ?? "2";
        if (status != "0" || body.Length < PrefixLength || body[0] != 0)
        {
            var text = Header(response, "grpc-message") ?? $"HTTP {(int)response.StatusCode}";
            throw new GrpcException(method, int.Parse(status, CultureInfo.InvariantCulture), Uri.UnescapeDataString(text));
        }

        var reply = new TReply();
        reply.MergeFrom(body.AsSpan(PrefixLength, BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(1))));
        return reply;
    }

    public void Dispose() => _http.Dispose();

    private static byte[] Frame(IMessage message)
    {
        var length = message.CalculateSize();
        var frame = new byte[PrefixLength + length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), length);
        message.WriteTo(frame.AsSpan(PrefixLength));
        return frame;
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.TrailingHeaders.TryGetValues(name, out var values) || response.Headers.TryGetValues(name, out values)
            ? values.FirstOrDefault()
            : null;
}
