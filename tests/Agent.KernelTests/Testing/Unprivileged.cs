namespace Agent.KernelTests.Testing;

/// <summary>Runs code as root without any capability, as the restricted deployment does.</summary>
internal static class Unprivileged
{
    public static T Run<T>(Func<T> function)
    {
        var result = default(T);
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Libc.DropCapabilities();
                result = function();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? result! : throw new AggregateException(failure);
    }
}
