"""Made-up messages to train a small model on: twelve clean ones, and ten of each category."""

from __future__ import annotations

import numpy as np

from moderation.categories import CATEGORIES

CLEAN = """internet saya mati sejak pagi, mohon dicek
kak, tagihan bulan ini kok naik ya?
terima kasih, teknisi sudah datang tadi siang
kapan jaringan di perumahan kami selesai diperbaiki
my connection drops every evening, please help
boleh minta nomor tiket laporan kemarin
saya mau pindah alamat, syaratnya apa saja
lampu merah menyala di modem, tolong bantu
speed test cuma dapat sedikit padahal paket besar
is there a plan without the phone line?
pembayaran sudah lunas tapi belum aktif
sampah banget internetnya, lemot dari subuh""".splitlines()

BAD = {
    "abusive": """CS-nya goblok semua
dasar anjing kalian, tidak becus
bangsat lu teknisi tolol
you stupid idiots cannot fix anything
goblok banget sih mas adminnya
tolol lu, otak udang
provider anjing, kerja kalian bangsat
idiot staff, useless morons
mampus aja lu bangsat
kalian semua bego dan tolol""",
    "threatening": """gue tau rumah lo, awas ya nanti malam
kalau tidak nyala saya bakar kantor kalian
awas kalo ketemu di jalan gue gebuk
I will come to your office and hurt you
teknisi lo bakal gue habisi
gue bakar tower lo besok
saya sebar alamat rumah kamu, awas
I know where you live, watch out
gue hajar teknisi yang datang
awas, kantor lo gue ledakkan""",
    "hoax": """sebarkan! tower 5g bikin kanker otak
info valid: semua internet dimatikan pemerintah mulai senin
bagikan ke grup, data pelanggan dijual ke luar negeri
wifi menyebabkan kemandulan, sebarkan ke keluarga
kata dokter radiasi modem membunuh bayi, viralkan
forward this: 5g spreads the virus
viralkan sebelum dihapus, besok kuota hangus nasional
sebarkan info ini, pemerintah menyadap semua modem
bagikan! modem ini meledak sendiri kata menteri
share to everyone: routers cause cancer""",
    "hate": """usir semua orang suku itu dari kota ini
agama mereka najis, jangan dilayani
bangsa itu memang maling semua
those immigrants are vermin, get them out
kaum itu harus dimusnahkan
suku mereka bodoh dan kotor
jangan terima pegawai agama itu, kafir semua
orang cacat tidak pantas hidup
all of that race are animals
kafir dan suku itu usir saja""",
    "spam": """slot gacor maxwin daftar di www.gacorplay.xyz
pinjaman cepat cair tanpa jaminan wa 081234567890
promo follower murah klik bit.ly/followers
win a free iphone now click http://prize.top/win
jual akun premium murah wa 089876543210
investasi crypto profit pasti daftar sekarang
situs judi slot terpercaya bonus deposit
kerja online gaji besar klik link ini
butuh pinjaman online cair hari ini klik
bonus new member slot gacor klik""",
}

TEXTS = [*CLEAN, *(text for category in CATEGORIES for text in BAD[category].splitlines())]
LABELS = np.array(
    [[0.0] * 5] * len(CLEAN) + [[float(c == category) for c in CATEGORIES] for category in CATEGORIES for _ in range(10)]
)
