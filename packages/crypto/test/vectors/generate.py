"""Makes the vectors beside this file with pyca/cryptography and the Python standard library, which share no code with
this package. Run it with the folder of @bitdust/testing as the only argument. Signature, wrap and seal of keys-v1.json and
the header of stream-v1.json are randomised and differ from run to run; everything else is the same every time."""

import base64, hashlib, json, os, re, struct, sys
import cryptography
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HERE = os.path.dirname(os.path.abspath(__file__))
GENERATED_BY = f"generate.py, Python, pyca/cryptography {cryptography.__version__}"


def pattern(size):
    """Byte i is i * 7 mod 251."""
    return bytes(i * 7 % 251 for i in range(size))


def sha256(data):
    return hashlib.sha256(data).digest()


def signed_bytes(label, *fields):
    return b"".join(struct.pack(">I", len(part)) + part for part in (label.encode(), *fields))


def cbor(value):
    """Deterministic CBOR of maps, text and small integers."""

    def head(major, n):
        if n < 24:
            return bytes([major << 5 | n])
        for extra, (code, limit) in enumerate([("B", 2**8), ("H", 2**16), ("I", 2**32), ("Q", 2**64)]):
            if n < limit:
                return bytes([major << 5 | 24 + extra]) + struct.pack(">" + code, n)

    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    items = sorted((cbor(key), cbor(item)) for key, item in value.items())
    return head(5, len(items)) + b"".join(key + item for key, item in items)


def write(name, source, **content):
    with open(os.path.join(HERE, name), "w") as file:
        json.dump({"source": source, "generatedBy": GENERATED_BY, **content}, file, indent=2, ensure_ascii=True)
        file.write("\n")


def encrypt_block(key, data):
    segments = [data[i : i + 65536] for i in range(0, len(data), 65536)] or [b""]
    out = b""
    for index, segment in enumerate(segments):
        nonce = bytes(7) + struct.pack(">IB", index, index == len(segments) - 1)
        out += AESGCM(key).encrypt(nonce, segment, b"bitdust/block/v1")
    return out


def encrypt_stream(key, header, data):
    segments = [data[i : i + 65536] for i in range(0, len(data), 65536)] or [b""]
    out = header
    for index, segment in enumerate(segments):
        nonce = bytes(7) + struct.pack(">IB", index, index == len(segments) - 1)
        out += AESGCM(key).encrypt(nonce, segment, signed_bytes("bitdust/stream/v1", header))
    return out


def tree_root(data):
    leaves = [data[i : i + 8192] for i in range(0, len(data), 8192)] or [b""]

    def top(first, last):
        """Recursive form: the left side is the largest power of two below the number of leaves."""
        count = last - first
        if count == 1:
            return sha256(b"\0" + struct.pack(">Q", first) + leaves[first])
        left = 1
        while left * 2 < count:
            left *= 2
        return sha256(b"\1" + top(first, first + left) + top(first + left, last))

    return sha256(b"\2" + struct.pack(">Q", len(data)) + top(0, len(leaves)))


def rsa_key(testing):
    text = open(os.path.join(testing, "src", "keys.ts")).read()
    pem = re.search(r"-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----\n", text, re.S).group()
    return serialization.load_pem_private_key(pem.encode(), None)


key = bytes(range(32))
block_sizes = [0, 1, 100, 65535, 65536, 65537, 131072, 200000]
write(
    "block-cipher-v1.json",
    "README.md, section Formats, Block. Plaintext byte i is i * 7 mod 251.",
    key=key.hex(),
    blocks=[
        {"bytes": n, "ciphertextBytes": len(c), "ciphertextSha256": sha256(c).hex(), "lastBytes": c[-32:].hex()}
        for n in block_sizes
        for c in [encrypt_block(key, pattern(n))]
    ],
)

tree_sizes = [0, 1, 8191, 8192, 8193, 16384, 16385, 24576, 40965, 57344, 65536, 73728, 131072, 1000000]
write(
    "hash-tree-v1.json",
    "README.md, section Formats, Hash tree. Data byte i is i * 7 mod 251.",
    trees=[{"bytes": n, "root": tree_root(pattern(n)).hex()} for n in tree_sizes],
)

def with_leading_zero(make):
    """Repeats something random until its first byte is zero."""
    while (result := make())[0] != 0:
        pass
    return result


label, context, plaintext = "bitdust/test/v1", b"context", b"The quick brown fox"
salt = bytes(range(32, 64))
entry_key = HKDF(hashes.SHA256(), 32, salt, label.encode()).derive(key)
entry = b"\1" + salt + AESGCM(entry_key).encrypt(bytes(12), plaintext, signed_bytes(label, context))
write(
    "secret-box-v1.json",
    "README.md, section Formats, Entry.",
    secret=key.hex(), label=label, context=context.hex(), plaintext=plaintext.hex(), entry=entry.hex(),
)

private = rsa_key(sys.argv[1])
public = private.public_key()
spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
openssh = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
oaep = lambda label: padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label.encode())
sealing_key, nonce = bytes(range(64, 96)), bytes(range(12))
wrapped = public.encrypt(sealing_key, oaep(label))
box = AESGCM(sealing_key).encrypt(nonce, plaintext, signed_bytes(label, context))
pss = lambda salt: padding.PSS(padding.MGF1(hashes.SHA256()), salt)
message = signed_bytes(label, plaintext)
device = Ed25519PrivateKey.from_private_bytes(key)
write(
    "keys-v1.json",
    "README.md, section Formats. The RSA key is testKeys[2048][0] of @bitdust/testing.",
    spki=spki.hex(), fingerprint=sha256(spki).hex(), openSsh=openssh,
    label=label, context=context.hex(), message=plaintext.hex(),
    rsaSignature=private.sign(message, pss(32), hashes.SHA256()).hex(),
    rsaSignatureWithLeadingZero=with_leading_zero(lambda: private.sign(message, pss(32), hashes.SHA256())).hex(),
    rsaWrappedWithLeadingZero=with_leading_zero(lambda: public.encrypt(sealing_key, oaep(label))).hex(),
    rsaWrapped=wrapped.hex(), rsaWrappedPlaintext=sealing_key.hex(),
    sealed=(b"\1" + struct.pack(">H", len(wrapped)) + wrapped + nonce + box).hex(),
    deviceSeed=key.hex(),
    devicePublicKey=device.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex(),
    deviceSignature=device.sign(message).hex(),
)

stream_head = b"bitdust-stream\1" + sha256(spki)
stream_wrapped = public.encrypt(key, oaep("bitdust/stream-key/v1"))
stream_header = stream_head + struct.pack(">H", len(stream_wrapped)) + stream_wrapped
write(
    "stream-v1.json",
    "README.md, section Formats, Stream. The key is testKeys[2048][0] of @bitdust/testing; plaintext byte i is i * 7 mod 251.",
    header=stream_header.hex(), contentKey=key.hex(), hundredBytes=encrypt_stream(key, stream_header, pattern(100)).hex(),
    streams=[
        {"bytes": n, "ciphertextSha256": sha256(encrypt_stream(key, stream_header, pattern(n))).hex()}
        for n in block_sizes
    ],
)

sign = lambda scheme, digest: private.sign(message, scheme, digest).hex()
sha1_mgf = padding.MGF1(hashes.SHA1())
write(
    "signatures-v1.bad.json",
    "threats T09: signatures of the message in keys-v1.json by the same key in every scheme but ours.",
    signatures=[
        {"name": f"PSS with a salt of {salt} bytes", "signature": sign(pss(salt), hashes.SHA256())}
        for salt in (0, 20, 31, 33, 222)
    ] + [
        {"name": "PSS with SHA-1", "signature": sign(padding.PSS(sha1_mgf, 32), hashes.SHA1())},
        {"name": "PSS with SHA-1 and a salt of 20 bytes", "signature": sign(padding.PSS(sha1_mgf, 20), hashes.SHA1())},
        {"name": "PSS with MGF1-SHA-1", "signature": sign(padding.PSS(sha1_mgf, 32), hashes.SHA256())},
        {"name": "PSS with SHA-512", "signature": sign(padding.PSS(padding.MGF1(hashes.SHA512()), 32), hashes.SHA512())},
        {"name": "PKCS#1 v1.5 with SHA-256", "signature": sign(padding.PKCS1v15(), hashes.SHA256())},
        {"name": "PKCS#1 v1.5 with SHA-1", "signature": sign(padding.PKCS1v15(), hashes.SHA1())},
        {"name": "PSS without label", "signature": private.sign(plaintext, pss(32), hashes.SHA256()).hex()},
        {"name": "PSS under another label", "signature": private.sign(
            signed_bytes("bitdust/other/v1", plaintext), pss(32), hashes.SHA256()).hex()},
    ],
)

pkcs8 = private.private_bytes(
    serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
header = {
    "keyId": "share_0123$alice@example.com", "kind": "private", "bits": 2048, "fingerprint": sha256(spki).hex(),
    "creator": "ab" * 32, "label": "holiday photos",
}
cost = {"N": 1024, "r": 8, "p": 1}
passphrase = "p\u00e4ss\u00e9 \U0001f511"
file_key = hashlib.scrypt(passphrase.encode(), salt=salt[:16], n=1024, r=8, p=1, dklen=32)
aad = signed_bytes("bitdust/key-file/v1", cbor({**header, **cost}))


b64 = lambda data: base64.b64encode(data).decode()
encrypted = {
    "kdf": "scrypt", **cost, "salt": b64(salt[:16]), "nonce": b64(nonce),
    "ciphertext": b64(AESGCM(file_key).encrypt(nonce, pkcs8, aad)),
}
write(
    "key-file-v1.json",
    "README.md, section Formats, Key file. The key is testKeys[2048][0] of @bitdust/testing.",
    passphrase=passphrase, passphraseDecomposed="pa\u0308sse\u0301 \U0001f511",
    text=json.dumps({"format": "bitdust-key", "version": 1, **header, "encrypted": encrypted}, indent=2) + "\n",
)
