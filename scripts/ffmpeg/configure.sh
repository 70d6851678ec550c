# The configuration of FFmpeg. Sourced by build.sh.
#
# Files are read and written through the core's own AVIO: no protocol, no network, no device, no program. There is no
# audio, so no resampling; parsers of audio are there because without them the rate of a stream in MPEG-TS is unknown
# and opening such a file waits for it.

words() { tr -s ' \n' ',,' <<<"$*" | sed 's/^,//; s/,$//'; }

# The decoders for files of cameras, microscopes, endoscopes and screen recorders, old ones included.
DECODERS=$(words "
  h264 hevc libdav1d vp9 vp8 vp6 vp6a vp6f vp3 theora
  mpeg4 mpeg1video mpeg2video mpegvideo h261 h263 h263i h263p flv
  msmpeg4v1 msmpeg4v2 msmpeg4v3 wmv1 wmv2 wmv3 wmv3image vc1 vc1image mss1 mss2
  mjpeg mjpegb jpegls jpeg2000 mxpeg
  prores dnxhd dvvideo cfhd hap dxv notchlc speedhq aic pixlet media100 cllc
  ffv1 huffyuv ffvhuff hymt utvideo magicyuv lagarith loco vble ylc zerocodec fraps
  rawvideo v210 v210x v308 v408 v410 r10k r210 y41p yuv4 avui avrp avrn targa_y216
  png apng gif bmp tiff webp
  tscc tscc2 cscd zmbv mszh zlib flashsv flashsv2 fic g2m screenpresso scpr rscc mscc mwsc wcmv lscr dxtory vmnc
  msrle msvideo1 qtrle rpza smc eightbps cinepak indeo3 indeo4 indeo5 svq1 svq3 cljr rv10 rv20 rv30 rv40")

# Those of FORMAT_WHITELIST in rust/core/src/av/demuxer.rs.
DEMUXERS=$(words "
  mov matroska avi mpegts mpegps mpegvideo m4v h264 hevc obu av1 ivf flv live_flv yuv4mpegpipe ogg asf nut mxf dv
  mjpeg mpjpeg mxg dhav gif apng rm vc1 vc1t image_jpeg_pipe image_png_pipe image_bmp_pipe image_tiff_pipe
  image_webp_pipe")

PARSERS=$(words "
  h264 hevc vp8 vp9 av1 vp3 mpeg4video mpegvideo h261 h263 vc1 mjpeg jpeg2000 dnxhd prores ffv1 png gif bmp webp
  rv34 aac aac_latm ac3 mpegaudio opus vorbis flac dca")

# Those of the codec table, rust/core/src/codec/table.rs.
ENCODERS=libvpx_vp9,libsvtav1,mpeg4,ffv1
MUXERS=mp4,mov,matroska,webm,avi,mpegts
FILTERS_OF=$HERE/../../rust/core/src/filter/allowed.rs

filters() { # ALLOWED in that file; FFmpeg leaves out those that need GPL or a library that is not there
  words "$(sed -n '/^const ALLOWED/,/^\];/s/^ *"\(.*\)",$/\1/p' "$FILTERS_OF")"
}

choices() { # this variant's arguments of configure
  local own=(--enable-libopenh264 --enable-libkvazaar --enable-encoder=libopenh264,libkvazaar)
  [ "$VARIANT" = default ] || own=(--enable-gpl --enable-libx264 --enable-libx265 --enable-encoder=libx264,libx265)
  # AVX-512 is faster by a few percent, and half a megabyte.
  printf '%s\n' --disable-everything --disable-autodetect --disable-iconv --disable-network --disable-programs \
    --disable-doc --disable-debug --disable-avdevice --disable-swresample --disable-avx512 --disable-avx512icl \
    --enable-zlib --enable-libvpx --enable-libsvtav1 --enable-libdav1d "${own[@]}" --enable-encoder=$ENCODERS \
    --enable-decoder="$DECODERS" --enable-demuxer="$DEMUXERS" --enable-muxer=$MUXERS --enable-parser="$PARSERS" \
    --enable-bsf=extract_extradata,null --enable-filter="buffer,buffersink,$(filters)"
}

make_ffmpeg() {
  local arguments
  mapfile -t arguments < <(choices)
  mkdir objects && cd objects
  local platform=()
  [ -z "$CROSS" ] || platform=(--enable-cross-compile --cross-prefix="$CROSS" --arch="$ARCH" --target-os=linux)
  ../configure --prefix="$PREFIX" "${platform[@]}" --pkg-config=pkg-config --pkg-config-flags=--static \
    --enable-static --disable-shared --enable-pic \
    --extra-cflags="$C_FLAGS" --optflags=-O2 "${arguments[@]}"
  # The configuration that FFmpeg reports contains no path of this machine.
  sed -i "s#$PREFIX#/giftgrab#g; s#$WORK#/work#g" config.h
  # The only functions of glibc that would keep the library from running on 2.34: their older versions serve as well.
  local oldest=GLIBC_2.2.5
  [ "$ARCH" = x86_64 ] || oldest=GLIBC_2.17
  printf '#ifndef __ASSEMBLER__\n__asm__(".symver hypot,hypot@%s\\n.symver hypotf,hypotf@%s");\n#endif\n' \
    $oldest $oldest >>config.h
  make -j"$JOBS"
  rm -rf "${PREFIX:?}"/{include,lib}
  make install
  rm -rf "$PREFIX/share"
}

assemble() { # everything that is linked statically in one folder, which can be moved
  local archive
  for archive in $(grep -oh -- '-l[^ ]*' "$PREFIX"/lib/pkgconfig/*.pc | sort -u); do
    archive=lib${archive#-l}.a
    if [ -f "$CODECS/lib/$archive" ]; then cp -p "$CODECS/lib/$archive" "$PREFIX/lib/"; fi
  done
  cp -p "$("${CROSS}g++" -print-file-name=libstdc++.a)" "$("${CROSS}gcc" -print-file-name=libz.a)" "$PREFIX/lib/"
  sed -i "s# -lgcc_s\b##g; s# -lgcc\b##g; s# -latomic\b##g; s#$PREFIX#\${pcfiledir}/../..#g;
    s#$CODECS#\${pcfiledir}/../..#g" "$PREFIX"/lib/pkgconfig/*.pc
}
